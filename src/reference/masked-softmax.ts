/** Softmax of the first `lengths[row]` elements of each row of `x [rows, width]`; 0 elsewhere. */
export function maskedSoftmax(x: Float64Array, lengths: Uint32Array, width: number): Float64Array {
  const p = new Float64Array(x.length);
  for (const [row, length] of lengths.entries()) {
    const valid = x.subarray(row * width, row * width + Math.min(length, width));
    const largest = valid.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const total = valid.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    p.set(
      valid.map((value) => Math.exp(value - largest) / total),
      row * width,
    );
  }
  return p;
}

/** dx_i = p_i (dp_i - sum_m p_m dp_m), for `p` from the forward pass. */
export function maskedSoftmaxBackward(p: Float64Array, dp: Float64Array, width: number): Float64Array {
  const dx = new Float64Array(p.length);
  for (let row = 0; row < p.length; row += width) {
    let mean = 0;
    for (let i = row; i < row + width; i++) mean += p[i]! * dp[i]!;
    for (let i = row; i < row + width; i++) dx[i] = p[i]! * (dp[i]! - mean);
  }
  return dx;
}
