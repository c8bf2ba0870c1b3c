/** What {@link softmaxLoss} is given; arrays as in the op of the same name. */
export interface SoftmaxLossInputs {
  readonly positive: Float64Array;
  readonly negatives: Float64Array;
  readonly targetIds: Uint32Array;
  readonly negativeIds: Uint32Array;
  readonly weights: Float64Array;
  readonly logExpected?: Float64Array;
}

/** The logits of user b: the positive's, then the negatives'; accidental hits are minus infinity. */
function logitsOf(inputs: SoftmaxLossInputs, b: number, temperature: number): Float64Array {
  const { positive, negatives, targetIds, negativeIds, logExpected } = inputs;
  const correction = (id: number) => logExpected?.[id] ?? 0;
  const logits = new Float64Array(1 + negativeIds.length);
  logits[0] = positive[b]! / temperature - correction(targetIds[b]!);
  for (const [m, id] of negativeIds.entries()) {
    const score = negatives[b * negativeIds.length + m]!;
    logits[1 + m] = id === targetIds[b] ? Number.NEGATIVE_INFINITY : score / temperature - correction(id);
  }
  return logits;
}

/** The log of the sum of exponentials, safe for logits of any size. */
function logSumExp(logits: Float64Array): number {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  return largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}

/**
 * loss = sum_b w_b l_b / sum_b w_b with l_b = -log softmax(logits of b)_0; 0 where all weights are 0. Also the logs of the
 * users' sums of exponentials and the sum of the weights, which the gradient needs.
 */
export function softmaxLoss(
  inputs: SoftmaxLossInputs,
  temperature: number,
): [loss: Float64Array, logSums: Float64Array, total: Float64Array] {
  const { weights } = inputs;
  const logSums = new Float64Array(weights.length);
  let sum = 0;
  let total = 0;
  for (const [b, weight] of weights.entries()) {
    const logits = logitsOf(inputs, b, temperature);
    logSums[b] = logSumExp(logits);
    if (weight > 0) sum += weight * (logSums[b]! - logits[0]!);
    total += weight;
  }
  return [Float64Array.of(total > 0 ? sum / total : 0), logSums, Float64Array.of(total)];
}

/** ds_m = f p_m and ds_pos = f (p_0 - 1), f = upstream w_b / (T sum of weights). */
export function softmaxLossBackward(
  inputs: SoftmaxLossInputs,
  logSums: Float64Array,
  total: number,
  upstream: number,
  temperature: number,
): [positive: Float64Array, negatives: Float64Array] {
  const { positive, negatives, negativeIds, weights } = inputs;
  const dPositive = new Float64Array(positive.length);
  const dNegatives = new Float64Array(negatives.length);
  for (const [b, weight] of weights.entries()) {
    if (!(weight > 0)) continue;
    const factor = (upstream * weight) / (temperature * total);
    const probabilities = logitsOf(inputs, b, temperature).map((logit) => Math.exp(logit - logSums[b]!));
    dPositive[b] = factor * (probabilities[0]! - 1);
    for (let m = 0; m < negativeIds.length; m++)
      dNegatives[b * negativeIds.length + m] = factor * probabilities[1 + m]!;
  }
  return [dPositive, dNegatives];
}
