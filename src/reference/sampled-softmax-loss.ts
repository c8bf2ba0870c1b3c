import { type BestScoresSizes, bestScores, noWinner } from "./best-scores.ts";
import { interestSimilarity } from "./interest-similarity.ts";

/** What {@link sampledSoftmaxLoss} is given; arrays as in the op of the same name. */
export interface SampledSoftmaxLossInputs {
  readonly interests: Float64Array;
  readonly counts: Uint32Array;
  readonly negatives: Float64Array;
  readonly positive: Float64Array;
  readonly targetIds: Uint32Array;
  readonly negativeIds: Uint32Array;
  readonly weights: Float64Array;
  readonly logExpected?: Float64Array;
}

/** How the softmax is taken. */
export interface SampledSoftmaxRule {
  /** Divides the scores. */
  readonly temperature: number;
  /** Exponent beta of the weights e^(beta score) of interest-aware hard negatives (REMI, RecSys 2023); 0 leaves negatives as they are. */
  readonly hardness: number;
  /** What is added for each user: `scale` times the similarity of its interests. */
  readonly decorrelation?: Decorrelation | undefined;
}

/** Interests whose cosine is above the margin cost `scale` times the square of what it has above. */
export interface Decorrelation {
  readonly scale: number;
  /** From 0 to 1. */
  readonly margin: number;
}

/** The log of the sum of exponentials, safe for exponents of any size, and each one's share of the sum. */
function logSumExp(exponents: Float64Array): [logarithm: number, shares: Float64Array] {
  const largest = exponents.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const terms = exponents.map((exponent) => Math.exp(exponent - largest));
  const sum = terms.reduce((total, term) => total + term, 0);
  return [largest + Math.log(sum), terms.map((term) => term / sum)];
}

/**
 * log N for N = sum_m e^(x_m - c_m) w_m / mean w, w_m = e^(hardness x_m), whose mean weighs negative m by e^-c_m; and its gradient
 * for x, through w too. Nothing is left of no negatives.
 */
export function negativeSum(
  x: Float64Array,
  c: Float64Array,
  hardness: number,
): [logarithm: number, gradient: Float64Array] {
  if (x.length === 0) return [Number.NEGATIVE_INFINITY, x];
  const [weighted, shares] = logSumExp(x.map((value, m) => (1 + hardness) * value - c[m]!));
  const [weights, shareOfWeights] = logSumExp(x.map((value, m) => hardness * value - c[m]!));
  const [expected] = logSumExp(c.map((value) => -value));
  const gradient = shares.map((share, m) => (1 + hardness) * share - hardness * shareOfWeights[m]!);
  return [weighted - weights + expected, gradient];
}

/**
 * loss = sum_b w_b l_b / sum_b w_b with l_b = -log(e^l / (e^l + N)), l the logit of the positive and N the sum over the negatives,
 * each candidate scored by its best interest; 0 where all weights are 0. Beside it the gradients of the loss for the scores: of
 * the negatives, with their winners, and of each positive, with its winner; with decorrelation, too, how much the interests of a user
 * make up of each other's gradients by it.
 */
export function sampledSoftmaxLoss(
  inputs: SampledSoftmaxLossInputs,
  sizes: BestScoresSizes,
  { temperature, hardness, decorrelation }: SampledSoftmaxRule,
): [loss: Float64Array, dScores: Float64Array, winners: Uint32Array, own: Float64Array, ...apart: Float64Array[]] {
  const { interests, counts, targetIds, negativeIds, weights, logExpected } = inputs;
  const { users, interests: most, candidates: count, dimension } = sizes;
  const [scores, winners] = bestScores(interests, counts, inputs.negatives, sizes);
  const dScores = new Float64Array(users * count);
  const own = new Float64Array(2 * users);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const correction = (id: number) => logExpected?.[id] ?? 0;
  let loss = 0;
  for (const [b, weight] of weights.entries()) {
    const [score, winner] = bestScores(
      interests.subarray(b * most * dimension, (b + 1) * most * dimension),
      counts.subarray(b, b + 1),
      inputs.positive.subarray(b * dimension, (b + 1) * dimension),
      { ...sizes, users: 1, candidates: 1 },
    );
    const places = [...negativeIds.keys()].filter((m) => negativeIds[m] !== 0 && negativeIds[m] !== targetIds[b]);
    const [logarithm, gradient] = negativeSum(
      Float64Array.from(places, (m) => scores[b * count + m]! / temperature),
      Float64Array.from(places, (m) => correction(negativeIds[m]!)),
      hardness,
    );
    const over = logarithm - (score[0]! / temperature - correction(targetIds[b]!));
    const share = weight > 0 ? weight / total : 0;
    loss += share * (Math.max(over, 0) + Math.log1p(Math.exp(-Math.abs(over))));
    const factor = share / temperature / (1 + Math.exp(-over));
    for (const [i, m] of places.entries()) dScores[b * count + m] = factor * gradient[i]!;
    const j = winner[0]! & 255;
    if (j !== noWinner) own.set([-factor, j], 2 * b);
  }
  const [cost, ...apart] = decorrelation ? costOfSimilarity(inputs, decorrelation, sizes) : [0];
  return [Float64Array.of(loss + cost), dScores, winners, own, ...apart];
}

/** What similar interests add to a loss, and how much they make up of each other's gradients by it. */
export function costOfSimilarity(
  { interests, counts, weights }: Pick<SampledSoftmaxLossInputs, "interests" | "counts" | "weights">,
  { scale, margin }: Decorrelation,
  { users, interests: most, dimension: d }: Omit<BestScoresSizes, "candidates">,
): [cost: number, coefficients: Float64Array] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const [similarity, coefficients] = interestSimilarity(interests, counts, margin, { users, interests: most, d });
  const factors = weights.map((weight) => (weight > 0 ? (scale * weight) / total : 0));
  return [
    factors.reduce((sum, factor, b) => sum + factor * similarity[b]!, 0),
    coefficients.map((coefficient, i) => factors[Math.floor(i / most ** 2)]! * coefficient),
  ];
}
