import { fail } from "../errors.ts";
import { philox } from "../reference/random.ts";
import { randomStreams } from "./random-streams.ts";

/**
 * How negatives are distributed over the items: `"uniform"`; `"log-uniform"` over their rank by frequency, as TensorFlow's sampler,
 * where equally frequent items share what their ranks have; or by `"frequency"`^alpha.
 */
export type NegativeDistribution = "uniform" | "log-uniform" | "frequency";

export interface ItemDistribution {
  /** Default `"frequency"`. */
  readonly distribution?: NegativeDistribution;
  /** Of `"frequency"`: 0 is uniform, 1 by popularity. Default 0.75, word2vec's. */
  readonly alpha?: number;
}

export interface NegativeSamplerOptions extends ItemDistribution {
  readonly seed: number;
}

/** Draws items with replacement; never the padding id 0. */
export interface NegativeSampler {
  /** Fills `into` with item ids that depend only on the seed, the step and the place in `into`. */
  draw(step: number, into: Uint32Array): Uint32Array;
}

/** Draws of one step that have counters of their own. */
const drawsPerStep = 2 ** 21;

/**
 * The probability of each item, `[itemCount]`, by `itemCounts` (`[itemCount + 1]`, `[0]` ignored). An item that never occurs counts
 * as one that occurs once: it can be drawn, and its log-probability is finite.
 */
function probabilities(
  itemCounts: Uint32Array,
  { distribution = "frequency", alpha = 0.75 }: ItemDistribution,
): Float64Array {
  if (itemCounts.length < 2) fail("negatives: there are no items to draw from");
  if (!(alpha >= 0 && Number.isFinite(alpha))) fail(`negatives: alpha is a number from 0, got ${alpha}`);
  const counts = Float64Array.from(itemCounts.subarray(1), (count) => Math.max(1, count));
  const weights =
    distribution === "log-uniform"
      ? logUniform(counts)
      : counts.map((count) => (distribution === "uniform" ? 1 : count ** alpha));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** log((rank + 2) / (rank + 1)) for ranks from 0, the highest count first, and the mean of these where counts are equal. */
function logUniform(counts: Float64Array): Float64Array {
  const order = Uint32Array.from(counts.keys()).sort((a, b) => counts[b]! - counts[a]!);
  const weights = new Float64Array(counts.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && counts[order[end]!] === counts[order[first]!]) end++;
    const share = Math.log((end + 1) / (first + 1)) / (end - first);
    for (const column of order.subarray(first, end)) weights[column] = share;
    first = end;
  }
  return weights;
}

/** `[itemCount + 1]` the natural logarithm of each item's probability in one draw; `[0]` = 0, for no item. */
export function logProbabilities(itemCounts: Uint32Array, distribution: ItemDistribution = {}): Float32Array {
  const logarithms = new Float32Array(itemCounts.length);
  logarithms.set(probabilities(itemCounts, distribution).map(Math.log), 1);
  return logarithms;
}

/** A sampler over `itemCounts` (`[itemCount + 1]`, `[0]` ignored) by an alias table (Walker 1977, as built by Vose 1991). */
export function createNegativeSampler(itemCounts: Uint32Array, options: NegativeSamplerOptions): NegativeSampler {
  const { seed } = options;
  const probability = probabilities(itemCounts, options);
  const itemCount = probability.length;
  const { keep, alias } = aliasTable(probability);
  const words = new Uint32Array(4);

  return {
    draw(step, into) {
      if (into.length > drawsPerStep) fail(`draw: at most ${drawsPerStep} negatives per step, got ${into.length}`);
      for (let place = 0; place < into.length; place++) {
        // One counter gives four words: two draws of a column and a coin.
        const half = place & 1;
        if (half === 0) philox(seed, randomStreams.negatives, step * (drawsPerStep / 2) + place / 2, words);
        const column = Math.floor((words[2 * half]! / 0x100000000) * itemCount);
        into[place] = words[2 * half + 1]! / 0x100000000 < keep[column]! ? column + 1 : alias[column]! + 1;
      }
      return into;
    },
  };
}

/** A uniform column keeps itself with probability `keep[column]` and gives way to `alias[column]` otherwise. */
function aliasTable(probability: Float64Array): { keep: Float64Array; alias: Uint32Array } {
  const count = probability.length;
  const keep = probability.map((value) => value * count);
  const alias = Uint32Array.from(probability, (_, column) => column);
  const poor: number[] = [];
  const rich: number[] = [];
  keep.forEach((value, column) => {
    (value < 1 ? poor : rich).push(column);
  });
  while (poor.length > 0 && rich.length > 0) {
    const taker = poor.pop()!;
    const giver = rich.at(-1)!;
    alias[taker] = giver;
    keep[giver] = keep[giver]! - (1 - keep[taker]!);
    if (keep[giver]! < 1) poor.push(rich.pop()!);
  }
  // What is left over differs from 1 by rounding only.
  for (const column of [...poor, ...rich]) keep[column] = 1;
  return { keep, alias };
}
