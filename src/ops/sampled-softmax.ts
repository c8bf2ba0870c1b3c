import type { Value } from "../graph/graph.ts";
import { bestScores } from "./best-scores.ts";
import { fullSoftmaxLoss } from "./full-softmax-loss.ts";
import { type LabelAwareAttentionOptions, labelAwareAttention } from "./label-aware-attention.ts";
import { pairDot } from "./pair-dot.ts";
import { softmaxLoss } from "./softmax-loss.ts";

/** How candidates are scored in training, and what both losses are given. */
export interface MultiInterestLossOptions {
  /** Interests `[B, K, d]`. */
  readonly interests: Value;
  /** Active interests of each user, u32 `[B]`. */
  readonly interestCounts: Value;
  /** Embeddings of the positives, `[B, d]`. */
  readonly positive: Value;
  /** Items of the positives, u32 `[B]`. */
  readonly targetIds: Value;
  /** Weight of each user in the mean, at least 0, `[B]`; 0 for padded users. */
  readonly weights: Value;
  /** Divides the scores; above 0, default 1. */
  readonly temperature?: number;
  /**
   * `"chosen"` (default, the paper): label-aware attention chooses one vector by the positive, which scores every candidate.
   * `"best"`: each candidate, positive or negative, is scored by its own best interest, as retrieval will.
   */
  readonly scoring?: "chosen" | "best";
  /** Label-aware attention of `"chosen"`; default `"hard"`. */
  readonly attention?: LabelAwareAttentionOptions;
}

export interface SampledSoftmaxOptions extends MultiInterestLossOptions {
  /** Embeddings of the negatives that all users share, `[M, d]`. */
  readonly negatives: Value;
  /** Items of the negatives, u32 `[M]`. */
  readonly negativeIds: Value;
  /** `log(M q(item))` for each item, `[V + 1]`, a constant; without it scores are not corrected. */
  readonly logExpected?: Value;
}

export interface FullSoftmaxOptions extends MultiInterestLossOptions {
  /** Embeddings of all items, `[V + 1, d]`; row 0, the padding, takes no part. Its gradient is dense. */
  readonly table: Value;
}

/**
 * Sampled softmax over shared negatives, with accidental hits removed.
 * @returns the loss, `[1]`
 */
export function sampledSoftmax(options: SampledSoftmaxOptions): Value {
  const {
    interestCounts,
    positive,
    negatives,
    targetIds,
    negativeIds,
    weights,
    logExpected,
    temperature = 1,
  } = options;
  const { chosen, scorers } = scorersOf(options);
  return softmaxLoss(
    {
      positive: pairDot(chosen, positive),
      negatives: bestScores(scorers, interestCounts, negatives).scores,
      targetIds,
      negativeIds,
      weights,
      ...(logExpected ? { logExpected } : {}),
    },
    { temperature },
  );
}

/**
 * Softmax over the whole catalogue. With `scoring: "best"` the scores of the positives are columns of the others', and
 * `positive` is not read.
 * @returns the loss, `[1]`
 */
export function fullSoftmax(options: FullSoftmaxOptions): Value {
  const { interests, interestCounts, table, targetIds, weights, temperature = 1, scoring = "chosen" } = options;
  const scorers = scoring === "best" ? interests : scorersOf(options).scorers;
  return fullSoftmaxLoss(bestScores(scorers, interestCounts, table).scores, targetIds, weights, { temperature });
}

/** The vector that scores a user's positive, `[B, d]`, and those that score the other candidates. */
function scorersOf({ interests, interestCounts, positive, scoring = "chosen", attention }: MultiInterestLossOptions) {
  if (scoring === "best") {
    return { chosen: labelAwareAttention(interests, interestCounts, positive, { mode: "hard" }), scorers: interests };
  }
  const chosen = labelAwareAttention(interests, interestCounts, positive, attention);
  return { chosen, scorers: chosen };
}
