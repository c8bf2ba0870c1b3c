/** Sizes of {@link bestScores}: users, interests per user, candidates and dimension. */
export interface BestScoresSizes {
  readonly users: number;
  readonly interests: number;
  readonly candidates: number;
  readonly dimension: number;
}

/** The winner where a user has no interest. */
export const noWinner = 255;

/** Words of a row of winners: one byte for each candidate, the first lowest. */
export const winnerWords = (candidates: number) => Math.ceil(candidates / 4);

/** The winner of candidate m of user b, in rows of `words` words. */
export const winnerOf = (winners: Uint32Array, words: number, b: number, m: number) =>
  (winners[b * words + (m >> 2)]! >>> (8 * (m & 3))) & 255;

/**
 * score[b, m] = max over j < counts[b] of v[b, j] . e[m], the lowest j winning a tie; 0 and {@link noWinner} where counts[b] is 0.
 * `interests` is `[users, interests, d]`, `candidates` `[candidates, d]`.
 */
export function bestScores(
  interests: Float64Array,
  counts: Uint32Array,
  candidates: Float64Array,
  sizes: BestScoresSizes,
): [scores: Float64Array, winners: Uint32Array] {
  const { users, interests: most, candidates: count, dimension } = sizes;
  const words = winnerWords(count);
  const scores = new Float64Array(users * count);
  const winners = new Uint32Array(users * words).fill(0xffffffff);
  for (let b = 0; b < users; b++) {
    for (let m = 0; m < count; m++) {
      let winner = noWinner;
      for (let j = 0; j < Math.min(most, counts[b]!); j++) {
        let score = 0;
        for (let c = 0; c < dimension; c++) {
          score += interests[(b * most + j) * dimension + c]! * candidates[m * dimension + c]!;
        }
        if (j > 0 && !(score > scores[b * count + m]!)) continue;
        scores[b * count + m] = score;
        winner = j;
      }
      winners[b * words + (m >> 2)]! ^= (noWinner ^ winner) << (8 * (m & 3));
    }
  }
  return [scores, winners];
}

/** dv[b, j] = sum over m with winner[b, m] = j of g[b, m] e[m]. */
export function bestScoresBackwardInterests(
  candidates: Float64Array,
  upstream: Float64Array,
  winners: Uint32Array,
  sizes: BestScoresSizes,
): Float64Array {
  const { users, interests: most, dimension } = sizes;
  const gradient = new Float64Array(users * most * dimension);
  forEachWinner(winners, sizes, (b, m, j) => {
    for (let c = 0; c < dimension; c++) {
      gradient[(b * most + j) * dimension + c]! += upstream[b * sizes.candidates + m]! * candidates[m * dimension + c]!;
    }
  });
  return gradient;
}

/** de[m] = sum over users b with interests of g[b, m] v[b, winner[b, m]]. */
export function bestScoresBackwardCandidates(
  interests: Float64Array,
  upstream: Float64Array,
  winners: Uint32Array,
  sizes: BestScoresSizes,
): Float64Array {
  const { interests: most, candidates: count, dimension } = sizes;
  const gradient = new Float64Array(count * dimension);
  forEachWinner(winners, sizes, (b, m, j) => {
    for (let c = 0; c < dimension; c++) {
      gradient[m * dimension + c]! += upstream[b * count + m]! * interests[(b * most + j) * dimension + c]!;
    }
  });
  return gradient;
}

/**
 * The share of the users' own candidates in dv, added to it: dv[b, j] += w_b own[b] for the candidate's winner j; returns the
 * candidates' gradient, w_b v[b, j]. `gradient` is `[users, 2]`: w and j.
 */
export function addOwnCandidate(
  dInterests: Float64Array,
  { interests, candidate, gradient }: Readonly<Record<"interests" | "candidate" | "gradient", Float64Array>>,
  { users, interests: most, dimension }: BestScoresSizes,
): Float64Array {
  const dCandidate = new Float64Array(users * dimension);
  for (let b = 0; b < users; b++) {
    const weight = gradient[2 * b]!;
    const winner = gradient[2 * b + 1]!;
    for (let c = 0; c < dimension; c++) {
      const at = (b * most + winner) * dimension + c;
      dInterests[at]! += weight * candidate[b * dimension + c]!;
      dCandidate[b * dimension + c] = weight * interests[at]!;
    }
  }
  return dCandidate;
}

function forEachWinner(
  winners: Uint32Array,
  { users, candidates: count }: BestScoresSizes,
  visit: (b: number, m: number, j: number) => void,
): void {
  for (let b = 0; b < users; b++) {
    for (let m = 0; m < count; m++) {
      const j = winnerOf(winners, winnerWords(count), b, m);
      if (j !== noWinner) visit(b, m, j);
    }
  }
}
