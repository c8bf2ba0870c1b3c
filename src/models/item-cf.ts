import type { Sequences } from "../data/sequences.ts";
import { highestScores } from "../evaluation/highest.ts";
import type { Arrays } from "./arrays.ts";
import type { FittedModel, FittingProgress, HistoryScorer } from "./fitted.ts";
import { type InteractionMatrix, interactionMatrix } from "./interaction-matrix.ts";
import { popularityScores } from "./most-popular.ts";

export interface ItemCfOptions {
  /** Behaviours that count, the latest ones, L. */
  readonly length: number;
  /** How many of the most similar items are kept of each item, k. */
  readonly neighbours: number;
  /** Draws similarities that rest on few users towards 0: added to the product of the norms (Dacrema et al., RecSys 2019). */
  readonly shrinkage: number;
}

/** Chosen on the validation users of MovieLens (1M and latest-small), Beauty and KuaiRec. */
export const itemCfDefaults: ItemCfOptions = { length: 5, neighbours: 50, shrinkage: 10 };

const names = {
  items: "items.neighbours",
  similarities: "items.similarities",
  popularity: "items.popularity",
} as const;

/**
 * Item-based collaborative filtering (Sarwar et al., WWW 2001): items are as similar as the cosine of their users,
 * `s_ij = c_ij / (sqrt(c_ii c_jj) + shrinkage)` with `c_ij` the users who had both, and an item's score is the sum of its
 * similarities with the behaviours whose k neighbours it is among. Items that are nobody's neighbour follow by popularity.
 */
export function itemCf(options: ItemCfOptions): FittedModel {
  return {
    isIterative: false,
    pass: async (train, _, onProgress) => ({ arrays: await findNeighbours(train, options, onProgress), loss: null }),
    shapes: (itemCount) =>
      new Map([
        [names.items, [itemCount + 1, options.neighbours]],
        [names.similarities, [itemCount + 1, options.neighbours]],
        [names.popularity, [itemCount + 1]],
      ]),
    scorer: (arrays, itemCount) => createScorer(arrays, itemCount, options),
  };
}

/** The neighbours of each item, the most similar first, 0 where there are no more; ids are exact in float32 up to 2^24. */
async function findNeighbours(
  train: Sequences,
  { neighbours, shrinkage }: ItemCfOptions,
  onProgress: FittingProgress,
): Promise<Arrays> {
  const matrix = interactionMatrix(train);
  const { offsets } = matrix.byItem;
  const rows = train.itemCount + 1;
  const items = new Float32Array(rows * neighbours);
  const similarities = new Float32Array(rows * neighbours);
  const count = createPairCounter(matrix, rows);
  const usersOf = (item: number) => offsets[item + 1]! - offsets[item]!;
  for (let item = 1; item < rows; item++) {
    const { others, together } = count(item);
    // Place 0 stands for the padding, which is never among the highest.
    const scores = new Float32Array(others.length + 1);
    for (const [index, other] of others.entries()) {
      scores[index + 1] = together[other]! / (Math.sqrt(usersOf(item) * usersOf(other)) + shrinkage);
    }
    for (const [place, index] of highestScores(scores, neighbours).entries()) {
      items[item * neighbours + place] = others[index - 1]!;
      similarities[item * neighbours + place] = scores[index]!;
    }
    await onProgress(item, train.itemCount);
  }
  const shape = [rows, neighbours];
  return new Map([
    [names.items, { shape, data: items }],
    [names.similarities, { shape, data: similarities }],
    [names.popularity, popularityScores(train)],
  ]);
}

/** Counts, for one item, how many users had it together with each other item; the arrays are filled anew for the next one. */
function createPairCounter({ byItem, byUser }: InteractionMatrix, rows: number) {
  const together = new Uint32Array(rows);
  const found = new Uint32Array(rows);
  let size = 0;
  return (item: number): { readonly others: Uint32Array; readonly together: Uint32Array } => {
    for (let index = 0; index < size; index++) together[found[index]!] = 0;
    size = 0;
    for (let entry = byItem.offsets[item]!; entry < byItem.offsets[item + 1]!; entry++) {
      const user = byItem.columns[entry]!;
      for (let at = byUser.offsets[user]!; at < byUser.offsets[user + 1]!; at++) {
        const other = byUser.columns[at]!;
        if (together[other]!++ === 0) found[size++] = other;
      }
    }
    // Ascending, so that ties go to the lower id.
    return {
      others: found
        .subarray(0, size)
        .sort()
        .filter((other) => other !== item),
      together,
    };
  };
}

function createScorer(arrays: Arrays, itemCount: number, { length, neighbours }: ItemCfOptions): HistoryScorer {
  const [items, similarities, popularity] = [names.items, names.similarities, names.popularity].map(
    (name) => arrays.get(name)!.data,
  ) as [Float32Array, Float32Array, Float32Array];
  const sums = new Float64Array(itemCount + 1);
  return {
    score(history, into) {
      sums.fill(0);
      for (const item of new Set(history.subarray(-length))) {
        for (let place = item * neighbours; place < (item + 1) * neighbours && items[place]! > 0; place++) {
          sums[items[place]!]! += similarities[place]!;
        }
      }
      // Popularity lies above 0 and up to 1, a sum of similarities above 0.
      for (let item = 1; item <= itemCount; item++) into[item] = sums[item]! > 0 ? sums[item]! : popularity[item]! - 1;
      into[0] = 0;
    },
  };
}
