/** Sizes of `x [batch, length, inner]`, `w [length, inner, columns]` and `y [batch, length, columns]`. */
export interface PositionSizes {
  readonly batch: number;
  readonly length: number;
  readonly inner: number;
  readonly columns: number;
}

/** y[b, i, :] = x[b, i, :] W_i. */
export function positionTransform(x: Float64Array, w: Float64Array, sizes: PositionSizes): Float64Array {
  const y = new Float64Array(sizes.batch * sizes.length * sizes.columns);
  eachFactor(sizes, (from, weights, to) => {
    for (let c = 0; c < sizes.columns; c++) y[to + c]! += x[from]! * w[weights + c]!;
  });
  return y;
}

/** dx[b, i, :] = dy[b, i, :] W_i^T. */
export function positionTransformRows(dy: Float64Array, w: Float64Array, sizes: PositionSizes): Float64Array {
  const dx = new Float64Array(sizes.batch * sizes.length * sizes.inner);
  eachFactor(sizes, (from, weights, to) => {
    for (let c = 0; c < sizes.columns; c++) dx[from]! += dy[to + c]! * w[weights + c]!;
  });
  return dx;
}

/** dW_i = sum over users of x[b, i, :]^T dy[b, i, :], and the sums of dy over users, `[length, columns]`. */
export function positionTransformWeights(
  x: Float64Array,
  dy: Float64Array,
  sizes: PositionSizes,
): { dw: Float64Array; sums: Float64Array } {
  const { length, inner, columns } = sizes;
  const dw = new Float64Array(length * inner * columns);
  eachFactor(sizes, (from, weights, to) => {
    for (let c = 0; c < columns; c++) dw[weights + c]! += x[from]! * dy[to + c]!;
  });
  const sums = new Float64Array(length * columns);
  dy.forEach((value, i) => {
    sums[i % (length * columns)]! += value;
  });
  return { dw, sums };
}

/** Visits every element of x with the places where its row of weights and its row of y begin. */
function eachFactor(
  { batch, length, inner, columns }: PositionSizes,
  visit: (from: number, weights: number, to: number) => void,
): void {
  for (let user = 0; user < batch; user++) {
    for (let i = 0; i < length; i++) {
      const row = user * length + i;
      for (let k = 0; k < inner; k++) visit(row * inner + k, (i * inner + k) * columns, row * columns);
    }
  }
}
