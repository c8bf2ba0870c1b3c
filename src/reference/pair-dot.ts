/** s[r] = a[r] . b[r] for the rows of two `[rows, d]` arrays. */
export function pairDot(a: Float64Array, b: Float64Array, d: number): Float64Array {
  const s = new Float64Array(a.length / d);
  for (let row = 0; row < s.length; row++) {
    for (let c = 0; c < d; c++) s[row]! += a[row * d + c]! * b[row * d + c]!;
  }
  return s;
}

/** The gradient for `a` of {@link pairDot}: da[r] = g[r] b[r]. */
export function pairDotBackward(b: Float64Array, g: Float64Array, d: number): Float64Array {
  return b.map((value, i) => value * g[Math.floor(i / d)]!);
}
