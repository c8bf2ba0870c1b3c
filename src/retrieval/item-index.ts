import { fail } from "../errors.ts";

/** What to search for, and which items may be found. */
export interface Query {
  /** The interests of one user, `[K, dimension]`, one after the other; none find nothing. */
  readonly vectors: Float32Array;
  /** Items that shall not be found; repeats are fine. */
  readonly hidden?: Iterable<number> | undefined;
  /** The only items that may be found; default: all. */
  readonly allowed?: Iterable<number> | undefined;
}

export interface Hit {
  readonly item: number;
  /** The highest dot product with one of the vectors. */
  readonly score: number;
  /** That vector, from 0. */
  readonly interest: number;
}

/** Finds the items of highest score; what all indexes have in common, exact and approximate, embedded and remote. */
export interface ItemIndex {
  /** Items are 1 to this. */
  readonly itemCount: number;
  readonly dimension: number;
  /** For each query at most `depth` items by score descending, id ascending. */
  search(queries: readonly Query[], depth: number): Promise<readonly (readonly Hit[])[]>;
  dispose(): void;
}

/** Fails unless an index of vectors of `dimension` numbers can answer the queries, for at most `mostDepth` items each. */
export function checkSearch(queries: readonly Query[], depth: number, dimension: number, mostDepth?: number): void {
  if (!Number.isInteger(depth) || depth < 1 || depth > (mostDepth ?? depth)) {
    fail(
      `search: expected a depth ${mostDepth === undefined ? "of at least 1" : `from 1 to ${mostDepth}`}, got ${depth}`,
    );
  }
  for (const { vectors } of queries) {
    if (vectors.length % dimension !== 0)
      fail(`search: expected vectors of ${dimension} numbers each, got ${vectors.length} numbers`);
  }
}

/** Which items a query lets an index find. */
export interface ItemFilter {
  readonly hidden: ReadonlySet<number>;
  readonly allowed: ReadonlySet<number> | undefined;
  /** How many items are left. */
  readonly count: number;
  isLeft(item: number): boolean;
}

/** A query's filter over items 1 to `itemCount`; other ids mean nothing. */
export function filterOf({ hidden: given = [], allowed: among }: Query, itemCount: number): ItemFilter {
  const hidden = new Set(given);
  const allowed = among && new Set(among);
  const isItem = (item: number) => item >= 1 && item <= itemCount;
  let count = allowed ? 0 : itemCount;
  if (allowed) for (const item of allowed) count += Number(isItem(item) && !hidden.has(item));
  else for (const item of hidden) count -= Number(isItem(item));
  return { hidden, allowed, count, isLeft: (item) => !hidden.has(item) && (!allowed || allowed.has(item)) };
}
