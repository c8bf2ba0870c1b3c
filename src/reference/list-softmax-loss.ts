import { bestScores, noWinner, winnerOf } from "./best-scores.ts";
import { interestSimilarityBackward } from "./interest-similarity.ts";
import { costOfSimilarity, negativeSum, type SampledSoftmaxRule } from "./sampled-softmax-loss.ts";

/** What {@link listSoftmaxLoss} is given; arrays as in the op of the same name. */
export interface ListSoftmaxLossInputs {
  readonly interests: Float64Array;
  readonly counts: Uint32Array;
  readonly negatives: Float64Array;
  readonly positive: Float64Array;
  readonly targetIds: Uint32Array;
  readonly negativeIds: Uint32Array;
  readonly weights: Float64Array;
}

/** Users, interests of each, negatives of each and dimension. */
export interface ListSoftmaxSizes {
  readonly users: number;
  readonly interests: number;
  readonly negatives: number;
  readonly dimension: number;
}

/** The candidates of user b, `[1 + negatives, d]`: the positive, then the list. */
function candidatesOf(positive: Float64Array, negatives: Float64Array, b: number, sizes: ListSoftmaxSizes) {
  const { negatives: count, dimension: d } = sizes;
  const rows = new Float64Array((1 + count) * d);
  rows.set(positive.subarray(b * d, (b + 1) * d));
  rows.set(negatives.subarray(b * count * d, (b + 1) * count * d), d);
  return rows;
}

/**
 * loss = sum_b w_b l_b / sum_b w_b with l_b = -log(e^x / (e^x + N)), x the score of the positive over the temperature and N the sum
 * over the negatives of the user's own list, each candidate scored by its best interest; 0 where all weights are 0. Beside it, for
 * the positive and the list, `[users, 1 + negatives]` each, the gradient of the loss for the scores, and their winners; with
 * decorrelation, too, how much the interests of a user make up of each other's gradients by it.
 */
export function listSoftmaxLoss(
  inputs: ListSoftmaxLossInputs,
  sizes: ListSoftmaxSizes,
  { temperature, hardness, decorrelation }: SampledSoftmaxRule,
): [loss: Float64Array, dScores: Float64Array, winners: Uint32Array, ...apart: Float64Array[]] {
  const { interests, counts, targetIds, negativeIds, weights } = inputs;
  const { users, interests: most, negatives: count, dimension } = sizes;
  const dScores = new Float64Array(users * (1 + count));
  const winners = new Uint32Array(users * (1 + count));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let loss = 0;
  for (const [b, weight] of weights.entries()) {
    const [scores, packed] = bestScores(
      interests.subarray(b * most * dimension, (b + 1) * most * dimension),
      counts.subarray(b, b + 1),
      candidatesOf(inputs.positive, inputs.negatives, b, sizes),
      { users: 1, interests: most, candidates: 1 + count, dimension },
    );
    const row = b * (1 + count);
    for (let c = 0; c <= count; c++) winners[row + c] = winnerOf(packed, 0, 0, c);
    const own = negativeIds.subarray(b * count, (b + 1) * count);
    const places = [...own.keys()].filter((m) => own[m] !== 0 && own[m] !== targetIds[b]);
    const x = Float64Array.from(places, (m) => scores[1 + m]! / temperature);
    const [logarithm, gradient] = negativeSum(x, new Float64Array(x.length), hardness);
    const over = logarithm - scores[0]! / temperature;
    const share = weight > 0 ? weight / total : 0;
    loss += share * (Math.max(over, 0) + Math.log1p(Math.exp(-Math.abs(over))));
    const factor = share / temperature / (1 + Math.exp(-over));
    dScores[row] = -factor;
    for (const [i, m] of places.entries()) dScores[row + 1 + m] = factor * gradient[i]!;
  }
  const [cost, ...apart] = decorrelation ? costOfSimilarity(inputs, decorrelation, sizes) : [0];
  return [Float64Array.of(loss + cost), dScores, winners, ...apart];
}

/**
 * dv[b, j] = sum over c with winner[b, c] = j of g[b, c] e[b, c], and de[b, c] = g[b, c] v[b, winner[b, c]]; with coefficients, dv[b, j]
 * has sum_i coefficients[b, j, i] v[b, i] more.
 */
export function listSoftmaxLossBackward(
  { interests, positive, negatives }: Pick<ListSoftmaxLossInputs, "interests" | "positive" | "negatives">,
  g: Float64Array,
  winners: Uint32Array,
  sizes: ListSoftmaxSizes,
  coefficients?: Float64Array,
): [dInterests: Float64Array, dPositive: Float64Array, dNegatives: Float64Array] {
  const { users, interests: most, negatives: count, dimension: d } = sizes;
  const dInterests = new Float64Array(interests.length);
  const dPositive = new Float64Array(positive.length);
  const dNegatives = new Float64Array(negatives.length);
  for (let b = 0; b < users; b++) {
    const candidates = candidatesOf(positive, negatives, b, sizes);
    for (let c = 0; c <= count; c++) {
      const winner = winners[b * (1 + count) + c]!;
      if (winner === noWinner) continue;
      const gradient = g[b * (1 + count) + c]!;
      const [into, at] = c === 0 ? [dPositive, b * d] : [dNegatives, (b * count + c - 1) * d];
      for (let i = 0; i < d; i++) {
        const place = (b * most + winner) * d + i;
        dInterests[place]! += gradient * candidates[c * d + i]!;
        into[at + i] = gradient * interests[place]!;
      }
    }
  }
  if (coefficients) {
    const similaritySizes = { users, interests: most, d };
    const more = interestSimilarityBackward(interests, coefficients, new Float64Array(users).fill(1), similaritySizes);
    for (const [i, value] of more.entries()) dInterests[i]! += value;
  }
  return [dInterests, dPositive, dNegatives];
}
