export interface PlaceSumsSizes {
  readonly batch: number;
  readonly outputs: number;
  readonly places: number;
  readonly d: number;
}

/** y_bj = sum over places t of w_jt * x_bt, column by column; `x` is `[batch, places, d]`, `w` `[outputs, places, d]`. */
export function placeSums(
  x: Float64Array,
  w: Float64Array,
  { batch, outputs, places, d }: PlaceSumsSizes,
): Float64Array {
  const y = new Float64Array(batch * outputs * d);
  for (let i = 0; i < y.length; i++) {
    const [user, output, column] = [Math.floor(i / (outputs * d)), Math.floor(i / d) % outputs, i % d];
    for (let t = 0; t < places; t++)
      y[i]! += w[(output * places + t) * d + column]! * x[(user * places + t) * d + column]!;
  }
  return y;
}

/** dx_bt = sum over outputs j of w_jt * dy_bj. */
export function placeSumsBackward(
  dy: Float64Array,
  w: Float64Array,
  { batch, outputs, places, d }: PlaceSumsSizes,
): Float64Array {
  const dx = new Float64Array(batch * places * d);
  for (let i = 0; i < dx.length; i++) {
    const [user, place, column] = [Math.floor(i / (places * d)), Math.floor(i / d) % places, i % d];
    for (let j = 0; j < outputs; j++)
      dx[i]! += w[(j * places + place) * d + column]! * dy[(user * outputs + j) * d + column]!;
  }
  return dx;
}

/** dw_jt = sum over users b of dy_bj * x_bt. */
export function placeSumsBackwardWeights(
  dy: Float64Array,
  x: Float64Array,
  { batch, outputs, places, d }: PlaceSumsSizes,
): Float64Array {
  const dw = new Float64Array(outputs * places * d);
  for (let i = 0; i < dw.length; i++) {
    const [output, place, column] = [Math.floor(i / (places * d)), Math.floor(i / d) % places, i % d];
    for (let b = 0; b < batch; b++)
      dw[i]! += dy[(b * outputs + output) * d + column]! * x[(b * places + place) * d + column]!;
  }
  return dw;
}
