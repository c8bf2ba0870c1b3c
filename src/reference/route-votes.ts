import { squash } from "./squash.ts";

/** Sizes of `votes [batch, length, interests h]`. */
export interface VoteSizes {
  readonly batch: number;
  readonly length: number;
  readonly interests: number;
  readonly h: number;
}

/** What the last iteration leaves: the sums before squash, `[batch, interests, h]`, and the weights, `[batch, length, interests]`. */
export interface RoutedVotes {
  readonly z: Float64Array;
  readonly weights: Float64Array;
}

/**
 * Dynamic routing over votes v_ij (ComiRec-DR, KDD 2020, algorithm 1), its logits b_ij zero at first: `iterations` times
 * w_ij = softmax over interests j of b_ij, 0 for padded i; z_j = sum_i w_ij v_ij; b_ij += squash(z_j) . v_ij.
 */
export function routeVotes(
  votes: Float64Array,
  lengths: Uint32Array,
  { batch, length, interests, h }: VoteSizes,
  iterations: number,
): RoutedVotes {
  const width = interests * h;
  const z = new Float64Array(batch * width);
  const weights = new Float64Array(batch * length * interests);
  for (let user = 0; user < batch; user++) {
    const n = Math.min(lengths[user]!, length);
    const logits = new Float64Array(n * interests);
    for (let iteration = 0; iteration < iterations; iteration++) {
      const sums = z.subarray(user * width, (user + 1) * width).fill(0);
      for (let i = 0; i < n; i++) {
        const w = softmax(logits.subarray(i * interests, (i + 1) * interests));
        const place = user * length + i;
        weights.set(w, place * interests);
        for (let c = 0; c < width; c++) sums[c]! += w[Math.floor(c / h)]! * votes[place * width + c]!;
      }
      const u = squash(sums, h);
      for (let i = 0; i < n; i++) {
        const from = (user * length + i) * width;
        for (let c = 0; c < width; c++) logits[i * interests + Math.floor(c / h)]! += u[c]! * votes[from + c]!;
      }
    }
  }
  return { z, weights };
}

function softmax(x: Float64Array): Float64Array {
  const most = Math.max(...x);
  const exponentials = x.map((value) => Math.exp(value - most));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}

/** dv_ij = w_ij dz_j: the weights are constants to the gradient. */
export function routeVotesBackward(
  weights: Float64Array,
  dz: Float64Array,
  { batch, length, interests, h }: VoteSizes,
): Float64Array {
  const width = interests * h;
  return Float64Array.from({ length: batch * length * width }, (_, at) => {
    const place = Math.floor(at / width);
    const c = at % width;
    return weights[place * interests + Math.floor(c / h)]! * dz[Math.floor(place / length) * width + c]!;
  });
}
