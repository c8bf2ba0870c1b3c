const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);

/** scale sum_b w_b x_b / sum_b w_b; 0 where all weights are 0. */
export function weightedMean(x: Float64Array, weights: Float64Array, scale: number): Float64Array {
  const total = sum(weights);
  return Float64Array.of(total > 0 ? (scale * sum(x.map((value, b) => weights[b]! * value))) / total : 0);
}

/** dx_b = upstream scale w_b / sum of the weights. */
export function weightedMeanBackward(weights: Float64Array, upstream: number, scale: number): Float64Array {
  const total = sum(weights);
  return weights.map((weight) => (total > 0 ? (upstream * scale * weight) / total : 0));
}
