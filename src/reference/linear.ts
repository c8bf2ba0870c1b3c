/** y = x w + bias, then ReLU if asked, for `x [rows, inner]`, `w [inner, columns]`, `bias [columns]`. */
export function addBias(product: Float64Array, bias: Float64Array, relu: boolean): Float64Array {
  return product.map((value, i) => {
    const sum = value + bias[i % bias.length]!;
    return relu ? Math.max(sum, 0) : sum;
  });
}
