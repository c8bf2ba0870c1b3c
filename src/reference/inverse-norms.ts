import { inverseLength } from "./squash.ts";

/** 1 / |x_i| of each row, 0 for a zero row. `x` is `[rows, d]`. */
export function inverseNorms(x: Float64Array, d: number): Float64Array {
  return Float64Array.from({ length: x.length / d }, (_, row) => {
    let norm2 = 0;
    for (let c = 0; c < d; c++) norm2 += x[row * d + c]! ** 2;
    return inverseLength(norm2);
  });
}

/** -y_i^3 dy_i x_i, which is the gradient of the rows where their norms are their own. */
export function inverseNormsBackward(x: Float64Array, y: Float64Array, dy: Float64Array, d: number): Float64Array {
  return x.map((value, at) => {
    const row = Math.floor(at / d);
    return -(y[row]! ** 3) * dy[row]! * value;
  });
}
