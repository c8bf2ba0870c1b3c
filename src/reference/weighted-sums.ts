/** Sizes of `w [batch, length, interests]` and `e [batch, length, d]`. */
export interface WeightedSumsSizes {
  readonly batch: number;
  readonly length: number;
  readonly interests: number;
  readonly d: number;
}

/** v_j = sum_i w_ij e_i for each user. */
export function weightedSums(w: Float64Array, e: Float64Array, sizes: WeightedSumsSizes): Float64Array {
  const v = new Float64Array(sizes.batch * sizes.interests * sizes.d);
  eachWeight(sizes, (weight, row, interest) => {
    for (let c = 0; c < sizes.d; c++) v[interest + c]! += w[weight]! * e[row + c]!;
  });
  return v;
}

/** dw_ij = dv_j . e_i and de_i = sum_j w_ij dv_j. */
export function weightedSumsBackward(
  w: Float64Array,
  e: Float64Array,
  dv: Float64Array,
  sizes: WeightedSumsSizes,
): { dw: Float64Array; de: Float64Array } {
  const dw = new Float64Array(w.length);
  const de = new Float64Array(e.length);
  eachWeight(sizes, (weight, row, interest) => {
    for (let c = 0; c < sizes.d; c++) {
      dw[weight]! += dv[interest + c]! * e[row + c]!;
      de[row + c]! += w[weight]! * dv[interest + c]!;
    }
  });
  return { dw, de };
}

/** Visits every weight with the places where its behaviour's row and its interest's vector begin. */
function eachWeight(
  { batch, length, interests, d }: WeightedSumsSizes,
  visit: (weight: number, row: number, interest: number) => void,
): void {
  for (let user = 0; user < batch; user++) {
    for (let i = 0; i < length; i++) {
      const place = user * length + i;
      for (let j = 0; j < interests; j++) visit(place * interests + j, place * d, (user * interests + j) * d);
    }
  }
}
