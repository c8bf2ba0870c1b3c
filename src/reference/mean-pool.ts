/** The mean of the first n rows of each user, 0 where n = 0. `rows` is `[batch, length, d]`. */
export function meanPool(rows: Float64Array, lengths: Uint32Array, length: number, d: number): Float64Array {
  const mean = new Float64Array(lengths.length * d);
  for (const [user, given] of lengths.entries()) {
    const n = Math.min(given, length);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < d; c++) mean[user * d + c]! += rows[(user * length + i) * d + c]! / n;
    }
  }
  return mean;
}

/** drow_i = dmean / n for the first n rows of each user, 0 for the others. */
export function meanPoolBackward(
  upstream: Float64Array,
  lengths: Uint32Array,
  length: number,
  d: number,
): Float64Array {
  const gradient = new Float64Array(lengths.length * length * d);
  for (const [user, given] of lengths.entries()) {
    const n = Math.min(given, length);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < d; c++) gradient[(user * length + i) * d + c] = upstream[user * d + c]! / n;
    }
  }
  return gradient;
}
