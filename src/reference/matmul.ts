/** c = a b for row-major `a [rows, inner]` and `b [inner, columns]`. */
export function matmul(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const c = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[row * inner + k]!;
      for (let column = 0; column < columns; column++) c[row * columns + column]! += factor * b[k * columns + column]!;
    }
  }
  return c;
}

/** The transpose of a row-major `[rows, columns]` matrix. */
export function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  const b = new Float64Array(a.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) b[column * rows + row] = a[row * columns + column]!;
  }
  return b;
}

/** c where the mask is positive, else 0. */
export function masked(c: Float64Array, mask: Float64Array): Float64Array {
  return c.map((value, i) => (mask[i]! > 0 ? value : 0));
}

/** Sums the rows of `b [rows, columns]`. */
export function columnSums(b: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  b.forEach((value, i) => {
    sums[i % columns]! += value;
  });
  return sums;
}
