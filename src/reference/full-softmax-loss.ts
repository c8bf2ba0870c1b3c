const logSumExp = (logits: Float64Array) => {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Number.MAX_VALUE);
  return largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
};

/** The logits of items 1..V of user b. */
const logitsOf = (scores: Float64Array, b: number, columns: number, temperature: number) =>
  scores.slice(b * columns + 1, (b + 1) * columns).map((score) => score / temperature);

/**
 * loss = sum_b w_b l_b / sum_b w_b with l_b = -log softmax(scores[b, 1..V] / T) at the target; a user without target (0)
 * weighs nothing, and the loss is 0 where nobody does. `scores` is `[users, columns]`. Also the logs of the users' sums of
 * exponentials and the sum of the weights, which the gradient needs.
 */
export function fullSoftmaxLoss(
  scores: Float64Array,
  targets: Uint32Array,
  weights: Float64Array,
  temperature: number,
): [loss: Float64Array, logSums: Float64Array, total: Float64Array] {
  const columns = scores.length / targets.length;
  const logSums = new Float64Array(targets.length);
  let sum = 0;
  let total = 0;
  for (const [b, target] of targets.entries()) {
    logSums[b] = logSumExp(logitsOf(scores, b, columns, temperature));
    if (!(weights[b]! > 0) || target === 0) continue;
    sum += weights[b]! * (logSums[b]! - scores[b * columns + target]! / temperature);
    total += weights[b]!;
  }
  return [Float64Array.of(total > 0 ? sum / total : 0), logSums, Float64Array.of(total)];
}

/** ds_v = f (p_v - [v = target]), f = upstream w_b / (T sum of weights); 0 in column 0. */
export function fullSoftmaxLossBackward(
  scores: Float64Array,
  targets: Uint32Array,
  weights: Float64Array,
  logSums: Float64Array,
  total: number,
  upstream: number,
  temperature: number,
): Float64Array {
  const columns = scores.length / targets.length;
  const gradient = new Float64Array(scores.length);
  for (const [b, target] of targets.entries()) {
    if (!(weights[b]! > 0) || target === 0) continue;
    const factor = (upstream * weights[b]!) / (temperature * total);
    for (let v = 1; v < columns; v++) {
      const p = Math.exp(scores[b * columns + v]! / temperature - logSums[b]!);
      gradient[b * columns + v] = factor * (p - (v === target ? 1 : 0));
    }
  }
  return gradient;
}
