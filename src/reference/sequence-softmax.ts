/** Sizes of `x [batch, length, interests]`. */
export interface SequenceSizes {
  readonly batch: number;
  readonly length: number;
  readonly interests: number;
}

/** For each user and interest, the softmax over the first `lengths[user]` behaviours; 0 for the others. */
export function sequenceSoftmax(x: Float64Array, lengths: Uint32Array, sizes: SequenceSizes): Float64Array {
  const { batch, length, interests } = sizes;
  const p = new Float64Array(x.length);
  for (let user = 0; user < batch; user++) {
    const n = Math.min(lengths[user]!, length);
    for (let j = 0; j < interests; j++) {
      const at = (i: number) => (user * length + i) * interests + j;
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < n; i++) largest = Math.max(largest, x[at(i)]!);
      let total = 0;
      for (let i = 0; i < n; i++) total += Math.exp(x[at(i)]! - largest);
      for (let i = 0; i < n; i++) p[at(i)] = Math.exp(x[at(i)]! - largest) / total;
    }
  }
  return p;
}

/** dx_ij = p_ij (dp_ij - sum_m p_mj dp_mj). */
export function sequenceSoftmaxBackward(p: Float64Array, dp: Float64Array, sizes: SequenceSizes): Float64Array {
  const { batch, length, interests } = sizes;
  const dx = new Float64Array(p.length);
  for (let user = 0; user < batch; user++) {
    for (let j = 0; j < interests; j++) {
      const at = (i: number) => (user * length + i) * interests + j;
      let mean = 0;
      for (let i = 0; i < length; i++) mean += p[at(i)]! * dp[at(i)]!;
      for (let i = 0; i < length; i++) dx[at(i)] = p[at(i)]! * (dp[at(i)]! - mean);
    }
  }
  return dx;
}
