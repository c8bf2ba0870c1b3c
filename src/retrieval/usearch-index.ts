import type { Index } from "usearch";
import { fail } from "../errors.ts";
import { highestScores } from "../evaluation/highest.ts";
import { checkSearch, filterOf, type Hit, type ItemFilter, type ItemIndex, type Query } from "./item-index.ts";
import { asQuery, equallyLong, type ItemVectors } from "./item-vectors.ts";
import { mergeBest } from "./policies.ts";

/** What searching an approximate index depends on beside the index itself. */
export interface Search {
  /** How many times the depth of a query each of its vectors looks for. */
  readonly factor: number;
}

/** The optional package that builds and searches graphs of neighbours (HNSW) in this process. */
export async function importUsearch(): Promise<typeof import("usearch")> {
  try {
    return await import("usearch");
  } catch (error) {
    return fail("approximate indexes need the package usearch: npm install usearch", error);
  }
}

/** Vectors that are added between two reports. */
const atOnce = 10_000;

/** Builds the graph of neighbours, of vectors that were made equally long; one thread always makes the same one. */
export async function buildUsearch(
  items: ItemVectors,
  { threads = 1, onProgress }: { threads?: number; onProgress?: (done: number, total: number) => Promise<void> } = {},
): Promise<Index> {
  const { itemCount, dimension } = items;
  const index = await emptyUsearch(dimension);
  const write = equallyLong(items);
  for (let first = 1; first <= itemCount; first += atOnce) {
    const count = Math.min(atOnce, itemCount + 1 - first);
    const vectors = new Float32Array(count * (dimension + 1));
    for (let row = 0; row < count; row++) write(first + row, vectors, row * (dimension + 1));
    index.add(
      BigUint64Array.from({ length: count }, (_, row) => BigInt(first + row)),
      vectors,
      threads,
    );
    await onProgress?.(first + count - 1, itemCount);
  }
  return index;
}

/** An index to load into; it has no items yet. */
export async function emptyUsearch(dimension: number): Promise<Index> {
  const { Index, MetricKind, ScalarKind } = await importUsearch();
  return new Index({
    dimensions: dimension + 1,
    metric: MetricKind.IP,
    quantization: ScalarKind.F32,
    connectivity: 32,
    expansion_add: 128,
    expansion_search: 128,
    multi: false,
  });
}

/** Hidden items that are expected before those that are wanted, at most. */
const mostExpected = 1000;

/** The graph costs so many times more for each item that it finds than comparing all of them does for each. */
const costOfOneFound = 32;

/**
 * Searches the graph once for each vector of a query and merges what they find by best score, which is what an exact search
 * would do with lists as long as the catalogue. Where filters leave the lists too short it looks deeper, up to the depth at which comparing
 * all items that are left is quicker, and finds all there is to find.
 */
export function createUsearchIndex(index: Index, items: ItemVectors, { factor }: Search): ItemIndex {
  const { itemCount, dimension } = items;
  function searchOne(query: Query, depth: number): Hit[] {
    const asked = asQuery(query.vectors, dimension);
    if (asked.length === 0) return [];
    const filter = filterOf(query, itemCount);
    const wanted = Math.min(depth, filter.count);
    const share = filter.count / itemCount;
    // Hidden items of a history are among the first; those of a category are all over, which the share allows for.
    let look = Math.ceil((depth * factor) / share) + Math.min(filter.hidden.size, mostExpected);
    for (; look * costOfOneFound < filter.count; look *= 4) {
      const lists = listsOf(index, asked, look).map((list) => list.filter(({ item }) => filter.isLeft(item)));
      if (lists.every(({ length }) => length >= wanted)) return mergeBest(lists, depth);
    }
    return compareAll(items, query.vectors, filter, depth);
  }
  return {
    itemCount,
    dimension,
    async search(queries, depth) {
      checkSearch(queries, depth, dimension);
      return queries.map((query) => searchOne(query, depth));
    },
    dispose() {},
  };
}

/** What each vector finds; usearch gives 1 minus the dot product, nearest first. */
function listsOf(index: Index, asked: readonly Float32Array[], count: number): Hit[][] {
  return asked.map((vector, interest) => {
    const { keys, distances } = index.search(vector, count, 1);
    return Array.from(keys, (key, i) => ({ item: Number(key), score: 1 - distances[i]!, interest }));
  });
}

/** The best of all items that are left, by their vectors. */
function compareAll(
  { itemCount, dimension, values }: ItemVectors,
  vectors: Float32Array,
  { allowed, isLeft }: ItemFilter,
  depth: number,
): Hit[] {
  const scores = new Float32Array(itemCount + 1).fill(Number.NaN);
  const interests = new Uint32Array(itemCount + 1);
  const compare = (item: number) => {
    if (!isLeft(item)) return;
    const row = item * dimension;
    for (let from = 0; from < vectors.length; from += dimension) {
      let score = 0;
      for (let c = 0; c < dimension; c++) score += vectors[from + c]! * values[row + c]!;
      score = Math.fround(score);
      // The first score is above none, which is what NaN says.
      if (score <= scores[item]!) continue;
      scores[item] = score;
      interests[item] = from / dimension;
    }
  };
  if (allowed) for (const item of allowed) if (item >= 1 && item <= itemCount) compare(item);
  if (!allowed) for (let item = 1; item <= itemCount; item++) compare(item);
  return highestScores(scores, depth).map((item) => ({ item, score: scores[item]!, interest: interests[item]! }));
}
