import type { Engine } from "../engine.ts";
import { createExactIndex, type ItemTable } from "./exact-index.ts";
import type { Hit } from "./item-index.ts";
import { readVectors } from "./item-table.ts";

export interface SimilarItemsRequest {
  /** Never among its similar items. */
  readonly item: number;
  /** How many items at most. */
  readonly top: number;
  /** Further items that shall not be found. */
  readonly exclude?: Iterable<number> | undefined;
  /** The only items that may be. */
  readonly allow?: Iterable<number> | undefined;
}

/** Finds the items whose vectors point in the most similar direction; their scores are cosines. */
export interface SimilarItems {
  find(requests: readonly SimilarItemsRequest[]): Promise<Hit[][]>;
  dispose(): void;
}

/** Puts a second table on the device: the item vectors, each of length 1; a vector of zeros stays one. */
export async function createSimilarItems(engine: Engine, vectors: ItemTable): Promise<SimilarItems> {
  const { itemCount, dimension, values } = await readVectors(vectors);
  const directions = normaliseRows(values, dimension);
  const own = engine.createParameters();
  const table = { itemCount, dimension, name: "items.directions", parameters: own };
  own.define(table.name, [itemCount + 1, dimension], directions);
  const index = createExactIndex(engine, table);
  return {
    async find(requests) {
      if (requests.length === 0) return [];
      const queries = requests.map(({ item, exclude, allow }) => ({
        vectors: directions.slice(item * dimension, (item + 1) * dimension),
        hidden: [item, ...(exclude ?? [])],
        allowed: allow,
      }));
      const hits = await index.search(queries, Math.max(...requests.map(({ top }) => top)));
      return hits.map((found, i) => found.slice(0, requests[i]!.top));
    },
    dispose: () => index.dispose(),
  };
}

function normaliseRows(vectors: Float32Array, dimension: number): Float32Array {
  const out = new Float32Array(vectors.length);
  for (let from = 0; from < vectors.length; from += dimension) {
    let squares = 0;
    for (let at = from; at < from + dimension; at++) squares += vectors[at]! ** 2;
    if (squares === 0) continue;
    const scale = 1 / Math.sqrt(squares);
    for (let at = from; at < from + dimension; at++) out[at] = vectors[at]! * scale;
  }
  return out;
}
