import { type BestScoresSizes, bestScores, noWinner } from "./best-scores.ts";

/** What {@link sampledSoftmaxLoss} is given; arrays as in the op of the same name. */
export interface SampledSoftmaxLossInputs {
  readonly interests: Float64Array;
  readonly counts: Uint32Array;
  readonly negatives: Float64Array;
  readonly positive: Float64Array;
  readonly targetIds: Uint32Array;
  readonly negativeIds: Uint32Array;
  readonly weights: Float64Array;
  readonly logExpected?: Float64Array;
}

/** The log of the sum of exponentials, safe for logits of any size. */
function logSumExp(logits: Float64Array): number {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  return largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}

/**
 * loss = sum_b w_b l_b / sum_b w_b with l_b = -log softmax(logits of b)_0, each candidate scored by its best interest; 0 where all
 * weights are 0. Beside it the gradients of the loss for the scores: of the negatives, with their winners, and of each positive,
 * with its winner.
 */
export function sampledSoftmaxLoss(
  inputs: SampledSoftmaxLossInputs,
  sizes: BestScoresSizes,
  temperature: number,
): [loss: Float64Array, dScores: Float64Array, winners: Uint32Array, own: Float64Array] {
  const { interests, counts, targetIds, negativeIds, weights, logExpected } = inputs;
  const { users, interests: most, candidates: count, dimension } = sizes;
  const [scores, winners] = bestScores(interests, counts, inputs.negatives, sizes);
  const dScores = new Float64Array(users * count);
  const own = new Float64Array(2 * users);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const correction = (id: number) => logExpected?.[id] ?? 0;
  let loss = 0;
  for (const [b, weight] of weights.entries()) {
    const [score, winner] = bestScores(
      interests.subarray(b * most * dimension, (b + 1) * most * dimension),
      counts.subarray(b, b + 1),
      inputs.positive.subarray(b * dimension, (b + 1) * dimension),
      { ...sizes, users: 1, candidates: 1 },
    );
    const logits = new Float64Array(1 + count);
    logits[0] = score[0]! / temperature - correction(targetIds[b]!);
    for (const [m, id] of negativeIds.entries()) {
      const isOut = id === targetIds[b] || id === 0;
      logits[1 + m] = isOut ? Number.NEGATIVE_INFINITY : scores[b * count + m]! / temperature - correction(id);
    }
    const logSum = logSumExp(logits);
    const share = weight > 0 ? weight / total : 0;
    loss += share * (logSum - logits[0]);
    const gradients = logits.map((logit) => (share / temperature) * Math.exp(logit - logSum));
    dScores.set(gradients.subarray(1), b * count);
    const j = winner[0]! & 255;
    if (j !== noWinner) own.set([gradients[0]! - share / temperature, j], 2 * b);
  }
  return [Float64Array.of(loss), dScores, winners, own];
}
