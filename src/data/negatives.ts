import { fail } from "../errors.ts";
import { philox } from "../reference/random.ts";
import { randomStreams } from "./random-streams.ts";

export interface NegativeSamplerOptions {
  /** Negatives are drawn by frequency^alpha: 0 is uniform, 1 by popularity. Default 0.75, word2vec's. */
  readonly alpha?: number;
  readonly seed: number;
}

/** Draws items with replacement; never the padding id 0. */
export interface NegativeSampler {
  /** Fills `into` with item ids that depend only on the seed, the step and the place in `into`. */
  draw(step: number, into: Uint32Array): Uint32Array;
  /** `[itemCount + 1]` the natural logarithm of each item's probability in one draw; `[0]` = 0, for no item. */
  readonly logProbability: Float32Array;
}

/** Draws of one step that have counters of their own. */
const drawsPerStep = 2 ** 21;

/**
 * A sampler over `itemCounts` (`[itemCount + 1]`, `[0]` ignored) by an alias table (Walker 1977, as built by Vose 1991).
 * An item that never occurs counts as one that occurs once: it can be drawn, and its log-probability is finite.
 */
export function createNegativeSampler(itemCounts: Uint32Array, options: NegativeSamplerOptions): NegativeSampler {
  const { alpha = 0.75, seed } = options;
  const itemCount = itemCounts.length - 1;
  if (itemCount < 1) fail("createNegativeSampler: there are no items to draw from");
  if (!(alpha >= 0 && Number.isFinite(alpha))) fail(`createNegativeSampler: alpha is a number from 0, got ${alpha}`);
  const probability = new Float64Array(itemCount);
  let total = 0;
  for (let column = 0; column < itemCount; column++) {
    probability[column] = Math.max(1, itemCounts[column + 1]!) ** alpha;
    total += probability[column]!;
  }
  const logProbability = new Float32Array(itemCount + 1);
  for (let column = 0; column < itemCount; column++) {
    probability[column] = probability[column]! / total;
    logProbability[column + 1] = Math.log(probability[column]!);
  }
  const { keep, alias } = aliasTable(probability);
  const words = new Uint32Array(4);

  return {
    logProbability,
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
