/** y = x w + bias, then ReLU if asked, for `x [rows, inner]`, `w [inner, columns]`, `bias [columns]`. */
export function addBias(product: Float64Array, bias: Float64Array, relu: boolean): Float64Array {
  return product.map((value, i) => {
    const sum = value + bias[i % bias.length]!;
    return relu ? Math.max(sum, 0) : sum;
  });
}

/** The gradient before ReLU: dy where y is positive, else 0. */
export function reluBackward(y: Float64Array, dy: Float64Array): Float64Array {
  return dy.map((value, i) => (y[i]! > 0 ? value : 0));
}

/** Sums the rows of `x [rows, columns]`. */
export function columnSum(x: Float64Array, columns: number): Float64Array {
  const sum = new Float64Array(columns);
  x.forEach((value, i) => {
    sum[i % columns]! += value;
  });
  return sum;
}
