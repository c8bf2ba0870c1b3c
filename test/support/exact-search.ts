import type { Hit, Query } from "../../src/retrieval/item-index.ts";
import type { ItemVectors } from "../../src/retrieval/item-vectors.ts";

/** What an index shall find, in double precision. */
export function exactSearch(
  { itemCount, dimension, values }: ItemVectors,
  { vectors, hidden = [], allowed }: Query,
  depth: number,
): Hit[] {
  const left = new Set(hidden);
  const among = allowed && new Set(allowed);
  const hits: Hit[] = [];
  for (let item = 1; item <= itemCount; item++) {
    if (left.has(item) || (among && !among.has(item))) continue;
    let hit: Hit | undefined;
    for (let interest = 0; interest < vectors.length / dimension; interest++) {
      let score = 0;
      for (let c = 0; c < dimension; c++) score += vectors[interest * dimension + c]! * values[item * dimension + c]!;
      if (!hit || score > hit.score) hit = { item, score, interest };
    }
    if (hit) hits.push(hit);
  }
  return hits.sort((one, other) => other.score - one.score || one.item - other.item).slice(0, depth);
}
