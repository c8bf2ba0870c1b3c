import type { Index } from "usearch";
import { fail } from "../errors.ts";
import type { Hit, ItemIndex, Query } from "./item-index.ts";
import { mergeBest } from "./policies.ts";

/** Item vectors `[itemCount + 1, dimension]`, row 0 padding. */
export interface ItemVectors {
  readonly itemCount: number;
  readonly dimension: number;
  readonly values: Float32Array;
}

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

/**
 * Builds the graph. Neighbours by dot product do not make a good one, since long vectors are everybody's neighbours. So each
 * vector gets one more number that makes all equally long, `sqrt(longest^2 - |e|^2)`, and a query gets 0 there: dot products stay
 * what they were, and their order is that of distances (Bachrach et al., RecSys 2014).
 */
export async function buildUsearch(
  { itemCount, dimension, values }: ItemVectors,
  onProgress: (done: number, total: number) => Promise<void> = async () => undefined,
): Promise<Index> {
  const index = await emptyUsearch(dimension);
  const squares = new Float64Array(itemCount + 1);
  for (let item = 1; item <= itemCount; item++) {
    for (let c = 0; c < dimension; c++) squares[item]! += values[item * dimension + c]! ** 2;
    if (!Number.isFinite(squares[item]!))
      fail(`the vector of item ${item} is not finite; a model that diverged cannot be indexed`);
  }
  const longest = squares.reduce((most, square) => Math.max(most, square), 0);
  for (let first = 1; first <= itemCount; first += atOnce) {
    const count = Math.min(atOnce, itemCount + 1 - first);
    const vectors = new Float32Array(count * (dimension + 1));
    for (let row = 0; row < count; row++) {
      const from = (first + row) * dimension;
      vectors.set(values.subarray(from, from + dimension), row * (dimension + 1));
      vectors[row * (dimension + 1) + dimension] = Math.sqrt(longest - squares[first + row]!);
    }
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

/**
 * Searches the graph once for each vector of a query and merges what they find by best score, which is what an exact search
 * would do with lists as long as the catalogue.
 */
export function createUsearchIndex(
  index: Index,
  { itemCount, dimension, factor }: Search & Omit<ItemVectors, "values">,
): ItemIndex {
  function searchOne({ vectors, hidden, allowed }: Query, depth: number): Hit[] {
    const interests = vectors.length / dimension;
    if (interests === 0) return [];
    const left = new Set(hidden);
    const among = allowed && new Set(allowed);
    const isWanted = (item: number) => !left.has(item) && (!among || among.has(item));
    const asked = new Float32Array(interests * (dimension + 1));
    for (let j = 0; j < interests; j++) {
      asked.set(vectors.subarray(j * dimension, (j + 1) * dimension), j * (dimension + 1));
    }
    for (let look = Math.ceil(depth * factor) + left.size; ; look *= 4) {
      const found = Math.min(itemCount, look);
      const hits = mergeBest(listsOf(index, asked, interests, found), Number.POSITIVE_INFINITY);
      const wanted = hits.filter(({ item }) => isWanted(item)).slice(0, depth);
      if (wanted.length === depth || found === itemCount) return wanted;
    }
  }
  return {
    itemCount,
    dimension,
    async search(queries, depth) {
      if (!Number.isInteger(depth) || depth < 1) fail(`search: expected a depth of at least 1, got ${depth}`);
      for (const { vectors } of queries) {
        if (vectors.length % dimension !== 0)
          fail(`search: expected vectors of ${dimension} numbers each, got ${vectors.length} numbers`);
      }
      return queries.map((query) => searchOne(query, depth));
    },
    dispose() {},
  };
}

/** What each vector finds; usearch gives 1 minus the dot product, nearest first. */
function listsOf(index: Index, asked: Float32Array, interests: number, count: number): Hit[][] {
  const width = asked.length / interests;
  return Array.from({ length: interests }, (_, interest) => {
    const { keys, distances } = index.search(asked.subarray(interest * width, (interest + 1) * width), count, 1);
    return Array.from(keys, (key, i) => ({ item: Number(key), score: 1 - distances[i]!, interest }));
  });
}
