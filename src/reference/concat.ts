/**
 * Joins rows: `a [rows, p]` and row `floor(row / repeat)` of `b [rows / repeat, q]` to `[rows, p + q]`.
 */
export function concat(a: Float64Array, b: Float64Array, p: number, q: number, repeat: number): Float64Array {
  const rows = a.length / p;
  const joined = new Float64Array(rows * (p + q));
  for (let row = 0; row < rows; row++) {
    joined.set(a.subarray(row * p, (row + 1) * p), row * (p + q));
    const from = Math.floor(row / repeat) * q;
    joined.set(b.subarray(from, from + q), row * (p + q) + p);
  }
  return joined;
}

/** Columns `first` to `first + width` of `x [rows, columns]`, summed over every `repeat` rows. */
export function sliceSum(x: Float64Array, columns: number, first: number, width: number, repeat: number): Float64Array {
  const rows = x.length / columns / repeat;
  const sums = new Float64Array(rows * width);
  for (let row = 0; row < rows * repeat; row++) {
    for (let c = 0; c < width; c++) sums[Math.floor(row / repeat) * width + c]! += x[row * columns + first + c]!;
  }
  return sums;
}
