import { longestList } from "../data/listed-negatives.ts";
import { createNegativeSampler, logProbabilities, type NegativeSampler } from "../data/negatives.ts";
import type { Sequences } from "../data/sequences.ts";
import { fail } from "../errors.ts";
import type { Value } from "../graph/graph.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { TrainingOptions } from "./options.ts";

/** The candidates of a batch: each user's positive, and negatives that the users share. */
export interface Candidates {
  /** `[B, d]` */
  readonly positive: Value;
  /** u32 `[M]`; 0 for padding. */
  readonly negativeIds: Value;
  /** `[M, d]` */
  readonly negatives: Value;
  /** `[itemCount + 1]` the log of how often each item is expected among them. */
  readonly logExpected: Value;
  /** Fills the input `negatives`, where they are drawn. */
  readonly sampler?: NegativeSampler;
}

/** What the negatives of a batch are made by. */
export type SharedNegatives = Omit<TrainingOptions, "negativeSampling"> & {
  readonly negativeSampling: Exclude<TrainingOptions["negativeSampling"], "listed">;
};

/** The positives, and negatives drawn over the whole catalogue, or with `"in-batch"` the positives of the batch itself. */
export function batchCandidates(
  items: Catalogue,
  targetIds: Value,
  itemCounts: Uint32Array,
  { negativeSampling, negativeAlpha: alpha, negatives: most, batch, seed }: SharedNegatives,
): Candidates {
  const { graph } = targetIds;
  const logExpected = (count: number, ...distribution: Parameters<typeof logProbabilities>) => {
    const expected = logProbabilities(...distribution).map((value) => value + Math.log(count));
    return graph.constant("negatives.logExpected", [itemCounts.length], expected);
  };
  if (negativeSampling === "in-batch") {
    if (batch < 2) fail("train: expected a batch of at least 2 for in-batch negatives, got 1; raise --batch");
    // An item is a positive as often as it occurs.
    const popular = { distribution: "frequency", alpha: 1 } as const;
    const positive = items.rows(targetIds);
    return {
      positive,
      negativeIds: targetIds,
      negatives: positive,
      logExpected: logExpected(batch, itemCounts, popular),
    };
  }
  const distribution = { distribution: negativeSampling, alpha };
  const negativeIds = graph.input("negatives", "u32", [most]);
  const [positive, negatives] = items.rowsOfEach([targetIds, negativeIds]) as [Value, Value];
  return {
    positive,
    negativeIds,
    negatives,
    logExpected: logExpected(most, itemCounts, distribution),
    sampler: createNegativeSampler(itemCounts, { ...distribution, seed }),
  };
}

/** The positives `[B, d]`, and the negatives that each sample lists, `[B, M, d]`, with their ids, `[B, M]`, 0 after the last. */
export function listedCandidates(
  items: Catalogue,
  targetIds: Value,
  train: Sequences,
  { negatives: most, batch }: TrainingOptions,
): Pick<Candidates, "positive" | "negatives" | "negativeIds"> {
  const negativeIds = targetIds.graph.input("negatives", "u32", [batch, longestList(train, most)]);
  const [positive, negatives] = items.rowsOfEach([targetIds, negativeIds]) as [Value, Value];
  return { positive, negativeIds, negatives };
}
