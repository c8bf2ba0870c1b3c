/** y = x / max(|x|, epsilon), row by row. `x` is `[rows, d]`. */
export function l2Normalise(x: Float64Array, d: number, epsilon: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += d) {
    let norm2 = 0;
    for (let c = 0; c < d; c++) norm2 += x[row + c]! ** 2;
    const length = Math.max(Math.sqrt(norm2), epsilon);
    for (let c = 0; c < d; c++) y[row + c] = x[row + c]! / length;
  }
  return y;
}

/** dx = (dy - (x . dy) x / |x|^2) / |x| where |x| > epsilon, else dy / epsilon. */
export function l2NormaliseBackward(x: Float64Array, dy: Float64Array, d: number, epsilon: number): Float64Array {
  const dx = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += d) {
    let norm2 = 0;
    let along = 0;
    for (let c = 0; c < d; c++) {
      norm2 += x[row + c]! ** 2;
      along += x[row + c]! * dy[row + c]!;
    }
    const norm = Math.sqrt(norm2);
    const slope = norm > epsilon ? along / norm2 : 0;
    for (let c = 0; c < d; c++) dx[row + c] = (dy[row + c]! - slope * x[row + c]!) / Math.max(norm, epsilon);
  }
  return dx;
}
