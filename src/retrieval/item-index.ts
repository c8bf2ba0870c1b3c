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
