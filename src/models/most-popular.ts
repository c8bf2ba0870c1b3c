import type { Sequences } from "../data/sequences.ts";
import { popularityOrder } from "../evaluation/most-popular.ts";
import type { FittedModel } from "./fitted.ts";

const name = "items.popularity";

/** Shows everybody the items that occur most often in training: the baseline that every retrieval model must beat. */
export function mostPopular(): FittedModel {
  return {
    isIterative: false,
    pass: async (train) => ({ arrays: new Map([[name, popularityScores(train)]]), loss: null }),
    shapes: (itemCount) => new Map([[name, [itemCount + 1]]]),
    scorer(arrays) {
      const { data } = arrays.get(name)!;
      return { score: (_, into) => into.set(data) };
    },
  };
}

/** `[items + 1]` scores from 1 for the most popular item down to 1 / items: its place, which ties no two. */
export function popularityScores(train: Sequences): { readonly shape: readonly number[]; readonly data: Float32Array } {
  const data = new Float32Array(train.itemCount + 1);
  for (const [place, item] of popularityOrder(train).entries()) data[item] = 1 - place / train.itemCount;
  return { shape: [train.itemCount + 1], data };
}
