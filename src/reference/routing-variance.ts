/** Sizes of `weights [batch, length, interests]`. */
export interface RoutingSizes {
  readonly batch: number;
  readonly length: number;
  readonly interests: number;
}

/**
 * p_b = sum_j (S_j / d)^2 with S_j = sum over i < lengths[b] of (w_ij - mean_j)^2, how unevenly the behaviours share interest j.
 * Beside it the mean_j and S_j, `[batch, 2, interests]`.
 */
export function routingVariance(
  weights: Float64Array,
  lengths: Uint32Array,
  d: number,
  { batch, length, interests }: RoutingSizes,
): [variance: Float64Array, moments: Float64Array] {
  const variance = new Float64Array(batch);
  const moments = new Float64Array(batch * 2 * interests);
  for (let b = 0; b < batch; b++) {
    const n = Math.min(lengths[b]!, length);
    for (let j = 0; n > 0 && j < interests; j++) {
      const column = Float64Array.from({ length: n }, (_, i) => weights[(b * length + i) * interests + j]!);
      const mean = column.reduce((sum, w) => sum + w, 0) / n;
      const spread = column.reduce((sum, w) => sum + (w - mean) ** 2, 0);
      moments[2 * b * interests + j] = mean;
      moments[(2 * b + 1) * interests + j] = spread;
      variance[b]! += (spread / d) ** 2;
    }
  }
  return [variance, moments];
}

/** dw_ij = 4 upstream_b S_j (w_ij - mean_j) / d^2; 0 for padded behaviours. */
export function routingVarianceBackward(
  weights: Float64Array,
  lengths: Uint32Array,
  moments: Float64Array,
  upstream: Float64Array,
  d: number,
  { length, interests }: RoutingSizes,
): Float64Array {
  return weights.map((w, at) => {
    const j = at % interests;
    const i = Math.floor(at / interests) % length;
    const b = Math.floor(at / interests / length);
    if (i >= lengths[b]!) return 0;
    const [mean, spread] = [moments[2 * b * interests + j]!, moments[(2 * b + 1) * interests + j]!];
    return (4 * upstream[b]! * spread * (w - mean)) / d ** 2;
  });
}
