/** Sizes of `v [users, interests, d]`. */
export interface InterestSimilaritySizes {
  readonly users: number;
  readonly interests: number;
  readonly d: number;
}

/** Shorter vectors count as this long, so that a vector of zeros is like none. */
export const similarityEpsilon = 1e-12;

/**
 * s_b = mean over pairs i, j < counts[b] of max(0, cos(v_bi, v_bj) - margin)^2; 0 where a user has fewer than two interests.
 * Beside it the coefficients `[users, interests, interests]` of its gradient: ds_b/dv_bi = sum_j coefficients[b, i, j] v_bj.
 */
export function interestSimilarity(
  v: Float64Array,
  counts: Uint32Array,
  margin: number,
  { users, interests, d }: InterestSimilaritySizes,
): [similarity: Float64Array, coefficients: Float64Array] {
  const similarity = new Float64Array(users);
  const coefficients = new Float64Array(users * interests * interests);
  for (let b = 0; b < users; b++) {
    const count = Math.min(counts[b]!, interests);
    const pairs = count * (count - 1);
    const vectorOf = (i: number) => v.subarray((b * interests + i) * d, (b * interests + i + 1) * d);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        if (i === j) continue;
        const [x, y] = [vectorOf(i), vectorOf(j)];
        const [own, other] = [lengthOf(x), lengthOf(y)];
        const cosine = dot(x, y) / (own * other);
        const excess = Math.max(0, cosine - margin);
        similarity[b]! += excess ** 2 / pairs;
        coefficients[(b * interests + i) * interests + j] = (4 * excess) / (pairs * own * other);
        if (own > similarityEpsilon)
          coefficients[(b * interests + i) * interests + i]! -= (4 * excess * cosine) / (pairs * own ** 2);
      }
    }
  }
  return [similarity, coefficients];
}

/** dv_bi = upstream_b sum_j coefficients[b, i, j] v_bj. */
export function interestSimilarityBackward(
  v: Float64Array,
  coefficients: Float64Array,
  upstream: Float64Array,
  { users, interests, d }: InterestSimilaritySizes,
): Float64Array {
  const dv = new Float64Array(v.length);
  for (let row = 0; row < users * interests; row++) {
    const b = Math.floor(row / interests);
    for (let j = 0; j < interests; j++) {
      const factor = upstream[b]! * coefficients[row * interests + j]!;
      for (let c = 0; c < d; c++) dv[row * d + c]! += factor * v[(b * interests + j) * d + c]!;
    }
  }
  return dv;
}

function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, c) => sum + value * y[c]!, 0);
}

const lengthOf = (x: Float64Array): number => Math.max(Math.sqrt(dot(x, x)), similarityEpsilon);
