import type { Index } from "usearch";
import { fail } from "../errors.ts";
import { checkSearch, type Hit, type ItemIndex, type Query } from "./item-index.ts";
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

/** Builds the graph of neighbours, of vectors that were made equally long. */
export async function buildUsearch(
  items: ItemVectors,
  onProgress: (done: number, total: number) => Promise<void> = async () => undefined,
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
      1,
    );
    await onProgress(first + count - 1, itemCount);
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

/**
 * Searches the graph once for each vector of a query and merges what they find by best score, which is what an exact search
 * would do with lists as long as the catalogue.
 */
export function createUsearchIndex(
  index: Index,
  { itemCount, dimension, factor }: Search & Omit<ItemVectors, "values">,
): ItemIndex {
  function searchOne({ vectors, hidden, allowed }: Query, depth: number): Hit[] {
    const asked = asQuery(vectors, dimension);
    if (asked.length === 0) return [];
    const left = new Set(hidden);
    const among = allowed && new Set(allowed);
    const isWanted = (item: number) => !left.has(item) && (!among || among.has(item));
    // Hidden items that are a category and no history are not all among the first.
    for (let look = Math.ceil(depth * factor) + Math.min(left.size, mostExpected); ; look *= 4) {
      const found = Math.min(itemCount, look);
      const hits = mergeBest(listsOf(index, asked, found), Number.POSITIVE_INFINITY);
      const wanted = hits.filter(({ item }) => isWanted(item)).slice(0, depth);
      if (wanted.length === depth || found === itemCount) return wanted;
    }
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
