import type { ItemEmbeddings } from "../data/embeddings.ts";
import type { FeatureTable } from "../data/features.ts";
import { fail } from "../errors.ts";
import type { Graph, Initializer, Value } from "../graph/graph.ts";
import type { Precision } from "../graph/shape.ts";
import { embeddingBag } from "../ops/embedding-bag.ts";
import { gatherEach } from "../ops/gather.ts";
import { l2Normalise } from "../ops/l2-normalise.ts";
import { embeddings } from "./initializers.ts";

/** Whether behaviours have the embeddings of the items that are scored, `"tied"`, their own, or their own that never change. */
export type InputEmbeddings = "tied" | "separate" | "frozen";

export interface CatalogueOptions {
  readonly itemCount: number;
  readonly dimension: number;
  readonly embeddingDeviation: number;
  readonly seed: number;
  /** How the table is stored; default `"f32"`. */
  readonly precision?: Precision;
  /** Default `"tied"`. */
  readonly inputEmbeddings?: InputEmbeddings;
  /** Features of item i + 1 in row i; the item's vector is then the mean of its own embedding and those of its features. */
  readonly features?: FeatureTable;
  /** What the tables of embeddings begin with; items without begin at random. */
  readonly pretrained?: ItemEmbeddings | undefined;
}

/** The items of a model within one graph. */
export interface Catalogue {
  /** Items there are; their ids are 1 to count. */
  readonly count: number;
  /** The vectors of items as behaviours, `[..., dimension]` for u32 ids `[...]`; id 0 gives zeros. */
  behaviours(ids: Value): Value;
  /** The vectors of items as they are scored, likewise. */
  rows(ids: Value): Value;
  /** The same for several lists of ids at once. */
  rowsOfEach(lists: readonly Value[]): readonly Value[];
  /** The vectors of all items, `[count + 1, dimension]`, in float32; row 0 is padding, and nobody's candidate. */
  all(): Value;
}

/** The table that behaviours are looked up in. */
export const inputTable = (inputEmbeddings: InputEmbeddings): string =>
  inputEmbeddings === "tied" ? "items.embedding" : "items.input";

/**
 * Adds the embedding table `items.embedding` to the graph, and `items.input` unless behaviours share the first: rows 1 to
 * itemCount are items, those after them features.
 */
export function catalogue(graph: Graph, options: CatalogueOptions): Catalogue {
  const { itemCount, dimension, seed, features, precision, inputEmbeddings = "tied" } = options;
  const tableOf = (name: string, trainable = true) => {
    const shape = [itemCount + 1 + (features?.featureCount ?? 0), dimension];
    const random = embeddings(options.embeddingDeviation, { seed, name });
    return graph.parameter(name, shape, beginning(options, random), { precision, trainable });
  };
  const scored = tableOf("items.embedding");
  const tied = inputEmbeddings === "tied";
  const seen = tied ? scored : tableOf(inputTable(inputEmbeddings), inputEmbeddings === "separate");
  const everyItem = () =>
    graph.constant(
      "items.all",
      [itemCount + 1],
      new Uint32Array(itemCount + 1).map((_, i) => i),
    );
  const members =
    features && graph.constant("items.members", [itemCount + 1, features.width + 1], itemMembers(itemCount, features));
  const lookUp = (table: Value, lists: readonly Value[]) =>
    members ? lists.map((ids) => embeddingBag(table, members, ids)) : gatherEach(table, lists);
  return {
    count: itemCount,
    behaviours: (ids) => lookUp(seen, [ids])[0]!,
    rows: (ids) => lookUp(scored, [ids])[0]!,
    rowsOfEach: (lists) => lookUp(scored, lists),
    all: () => (members || scored.type === "f16" ? lookUp(scored, [everyItem()])[0]! : scored),
  };
}

/** Random rows, and in place of them those that were learned elsewhere. */
function beginning({ pretrained, itemCount, dimension }: CatalogueOptions, random: Initializer): Initializer {
  if (pretrained === undefined) return random;
  const { source, rows, found } = pretrained;
  if (pretrained.dimension !== dimension) {
    fail(
      `${source}: vectors of ${pretrained.dimension} numbers, but items of width ${dimension}; use --dimension ${pretrained.dimension}`,
    );
  }
  if (found.length !== itemCount) fail(`${source}: expected vectors of ${itemCount} items, got ${found.length}`);
  return (shape) => {
    const table = random(shape);
    found.forEach((isFound, row) => {
      if (isFound) table.set(rows.subarray(row * dimension, (row + 1) * dimension), (row + 1) * dimension);
    });
    return table;
  };
}

/** Length 1, but for vectors too short to have a direction worth following. */
export const unit = (vectors: Value): Value => l2Normalise(vectors, { epsilon: 1e-6 });

/** The same items, scored by vectors of length 1. */
export const normalised = (items: Catalogue): Catalogue => through(items, unit);

/** The same items, scored by what `tower` makes of their vectors. */
export function through(items: Catalogue, tower: (vectors: Value) => Value): Catalogue {
  return {
    ...items,
    rows: (ids) => tower(items.rows(ids)),
    rowsOfEach: (lists) => items.rowsOfEach(lists).map(tower),
    all: () => tower(items.all()),
  };
}

/** `[itemCount + 1, 1 + width]`: the rows of the table that make up each item. */
function itemMembers(itemCount: number, { rows, rowCount, width }: FeatureTable): Uint32Array {
  if (rowCount !== itemCount) fail(`item features: expected a row for each of ${itemCount} items, got ${rowCount}`);
  const members = new Uint32Array((itemCount + 1) * (width + 1));
  for (let item = 1; item <= itemCount; item++) {
    const at = item * (width + 1);
    members[at] = item;
    for (let place = 0; place < width; place++) {
      const feature = rows[(item - 1) * width + place]!;
      if (feature > 0) members[at + 1 + place] = itemCount + feature;
    }
  }
  return members;
}
