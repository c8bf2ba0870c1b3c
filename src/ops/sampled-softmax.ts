import type { Value } from "../graph/graph.ts";
import { add } from "./add.ts";
import { bestScores } from "./best-scores.ts";
import { fullSoftmaxLoss } from "./full-softmax-loss.ts";
import { interestSimilarity } from "./interest-similarity.ts";
import { type LabelAwareAttentionOptions, labelAwareAttention } from "./label-aware-attention.ts";
import { listSoftmaxLoss } from "./list-softmax-loss.ts";
import { type Decorrelation, sampledSoftmaxLoss } from "./sampled-softmax-loss.ts";
import { weightedMean } from "./weighted-mean.ts";

/** How candidates are scored in training, and what all losses are given. */
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
  /** Adds to the loss, `scale` times, what keeps a user's interests apart: see `interestSimilarity`; default nothing. */
  readonly decorrelation?: Decorrelation | undefined;
}

export interface SampledSoftmaxOptions extends MultiInterestLossOptions {
  /** Embeddings of the negatives that all users share, `[M, d]`. */
  readonly negatives: Value;
  /** Items of the negatives, u32 `[M]`; 0 for padding. */
  readonly negativeIds: Value;
  /** `log(M q(item))` for each item, `[V + 1]`, a constant; without it scores are not corrected. */
  readonly logExpected?: Value;
  /** Weighs each negative by `e^(hardness score)` (interest-aware hard negatives, REMI); default 0, all alike. */
  readonly hardness?: number;
}

export interface ListSoftmaxOptions extends MultiInterestLossOptions {
  /** Embeddings of each user's own negatives, `[B, M, d]`. */
  readonly negatives: Value;
  /** Items of the negatives, u32 `[B, M]`; 0 pads shorter lists. */
  readonly negativeIds: Value;
  /** Weighs each negative by `e^(hardness score)` (interest-aware hard negatives, REMI); default 0, all alike. */
  readonly hardness?: number;
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
  const { scoring, attention, temperature, hardness, decorrelation, ...inputs } = options;
  const interests = scorersOf({ ...inputs, scoring, attention });
  // One kernel makes the gradient of all that is asked of the interests, where the loss sees them.
  const both = interests === inputs.interests && interests.shape.length === 3;
  const rule = { temperature, hardness, ...(both && { decorrelation }) };
  const loss = sampledSoftmaxLoss({ ...inputs, interests }, rule);
  return both ? loss : keptApart(loss, options);
}

/**
 * Softmax over each user's own list of negatives (list-wise training), with accidental hits removed and no log q correction.
 * @returns the loss, `[1]`
 */
export function listSoftmax(options: ListSoftmaxOptions): Value {
  const { temperature, hardness, decorrelation } = options;
  const interests = scorersOf(options);
  const both = interests === options.interests && interests.shape.length === 3;
  const rule = { temperature, hardness, ...(both && { decorrelation }) };
  const loss = listSoftmaxLoss({ ...options, interests }, rule);
  return both ? loss : keptApart(loss, options);
}

/**
 * Softmax over the whole catalogue. With `scoring: "best"` the scores of the positives are columns of the others', and
 * `positive` is not read.
 * @returns the loss, `[1]`
 */
export function fullSoftmax(options: FullSoftmaxOptions): Value {
  const { interestCounts, table, targetIds, weights, temperature } = options;
  const { scores } = bestScores(scorersOf(options), interestCounts, table);
  return keptApart(fullSoftmaxLoss(scores, targetIds, weights, { temperature }), options);
}

/** The loss with what similar interests cost. */
function keptApart(loss: Value, options: MultiInterestLossOptions): Value {
  const { interests, interestCounts, weights, decorrelation } = options;
  if (!decorrelation) return loss;
  const { scale, margin } = decorrelation;
  return add(loss, weightedMean(interestSimilarity(interests, interestCounts, { margin }), weights, { scale }));
}

/** The interests, or the one vector for each user, that score candidates. */
function scorersOf({ interests, interestCounts, positive, scoring = "chosen", attention }: Scorers): Value {
  return scoring === "best" ? interests : labelAwareAttention(interests, interestCounts, positive, attention);
}

type Scorers = Pick<MultiInterestLossOptions, "interests" | "interestCounts" | "positive" | "scoring" | "attention">;
