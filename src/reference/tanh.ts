/** y = tanh(x), element by element. */
export const tanh = (x: Float64Array): Float64Array => x.map(Math.tanh);

/** dx = (1 - y^2) dy, from the output `y`. */
export const tanhBackward = (y: Float64Array, dy: Float64Array): Float64Array =>
  y.map((value, i) => (1 - value * value) * dy[i]!);
