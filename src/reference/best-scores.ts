/** Sizes of {@link bestScores}: users, interests per user, candidates and dimension. */
export interface BestScoresSizes {
  readonly users: number;
  readonly interests: number;
  readonly candidates: number;
  readonly dimension: number;
}

/** Elements from one row of winners to the next, so that a kernel reads them four at a time. */
export const winnerPitch = (candidates: number) => Math.ceil(candidates / 4) * 4;

/**
 * score[b, m] = max over j < counts[b] of v[b, j] . e[m], the lowest j winning a tie; score and winner 0 where counts[b] is 0.
 * `interests` is `[users, interests, d]`, `candidates` `[candidates, d]`.
 */
export function bestScores(
  interests: Float64Array,
  counts: Uint32Array,
  candidates: Float64Array,
  sizes: BestScoresSizes,
): [scores: Float64Array, winners: Uint32Array] {
  const { users, interests: most, candidates: count, dimension } = sizes;
  const scores = new Float64Array(users * count);
  const winners = new Uint32Array(users * winnerPitch(count));
  for (let b = 0; b < users; b++) {
    for (let m = 0; m < count; m++) {
      for (let j = 0; j < Math.min(most, counts[b]!); j++) {
        let score = 0;
        for (let c = 0; c < dimension; c++) {
          score += interests[(b * most + j) * dimension + c]! * candidates[m * dimension + c]!;
        }
        if (j > 0 && !(score > scores[b * count + m]!)) continue;
        scores[b * count + m] = score;
        winners[b * winnerPitch(count) + m] = j;
      }
    }
  }
  return [scores, winners];
}

/** dv[b, j] = sum over m with winner[b, m] = j of g[b, m] e[m]. */
export function bestScoresBackwardInterests(
  counts: Uint32Array,
  candidates: Float64Array,
  upstream: Float64Array,
  winners: Uint32Array,
  { users, interests: most, candidates: count, dimension }: BestScoresSizes,
): Float64Array {
  const gradient = new Float64Array(users * most * dimension);
  for (let b = 0; b < users; b++) {
    if (counts[b] === 0) continue;
    for (let m = 0; m < count; m++) {
      const row = (b * most + winners[b * winnerPitch(count) + m]!) * dimension;
      for (let c = 0; c < dimension; c++) {
        gradient[row + c]! += upstream[b * count + m]! * candidates[m * dimension + c]!;
      }
    }
  }
  return gradient;
}

/** de[m] = sum over users b with interests of g[b, m] v[b, winner[b, m]]. */
export function bestScoresBackwardCandidates(
  interests: Float64Array,
  counts: Uint32Array,
  upstream: Float64Array,
  winners: Uint32Array,
  { users, interests: most, candidates: count, dimension }: BestScoresSizes,
): Float64Array {
  const gradient = new Float64Array(count * dimension);
  for (let b = 0; b < users; b++) {
    if (counts[b] === 0) continue;
    for (let m = 0; m < count; m++) {
      const row = (b * most + winners[b * winnerPitch(count) + m]!) * dimension;
      for (let c = 0; c < dimension; c++) {
        gradient[m * dimension + c]! += upstream[b * count + m]! * interests[row + c]!;
      }
    }
  }
  return gradient;
}
