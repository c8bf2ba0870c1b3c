import type { Op, Tensor, Value } from "../graph/graph.ts";
import type { Shape } from "../graph/shape.ts";
import * as reference from "../reference/best-scores.ts";
import { interestSimilarityBackward } from "../reference/interest-similarity.ts";
import { candidatesGradientDispatch, interestsGradientDispatch } from "./best-scores-kernels.ts";
import { eachFamily } from "./matmul-kernels.ts";

/** A candidate that each user has beside those that all share, as the positive of a loss is. */
export interface OwnCandidate {
  /** Interests `[B, K, d]` or `[B, d]`, and the candidates, `[B, d]`. */
  readonly interests: Value;
  readonly candidate: Value;
  /** For each user the gradient for the candidate's score, and the interest that scored it, `[2 B]`. */
  readonly gradient: Value;
  /** Multiplies all gradients, `[1]`. */
  readonly upstream: Value;
  /** How much the interests of a user make up, beside that, of each other's gradients, `[B, K, K]`; default: nothing. */
  readonly coefficients?: Value | undefined;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

/**
 * The gradient of best scores for the interests, in their `shape`, given `g` for the scores; and for the users' own candidates,
 * if they have them.
 */
export function interestsGradient(
  { candidates, g, winners }: Readonly<Record<"candidates" | "g" | "winners", Value>>,
  sizes: reference.BestScoresSizes,
  shape: Shape,
  own?: OwnCandidate,
): readonly Value[] {
  const more = own
    ? [own.interests, own.candidate, own.gradient, own.upstream, ...(own.coefficients ? [own.coefficients] : [])]
    : [];
  return g.graph.apply(interestsGradientOp, [candidates, g, winners, ...more], { ...sizes, shape });
}

/** The gradient of best scores for the candidates, given `g` for the scores; multiplied by `upstream`, `[1]`, where there is one. */
export function candidatesGradient(
  { interests, g, winners }: Readonly<Record<"interests" | "g" | "winners", Value>>,
  sizes: reference.BestScoresSizes,
  upstream?: Value,
): Value {
  return g.graph.apply(candidatesGradientOp, [interests, g, winners, ...(upstream ? [upstream] : [])], sizes)[0]!;
}

/** Adds what keeps the interests of each user apart. */
function addApart(
  dInterests: Float64Array,
  v: Float64Array,
  coefficients: Float64Array,
  { users, interests, dimension: d }: reference.BestScoresSizes,
): void {
  const ones = new Float64Array(users).fill(1);
  const more = interestSimilarityBackward(v, coefficients, ones, { users, interests, d });
  for (const [i, value] of more.entries()) dInterests[i]! += value;
}

const interestsGradientOp: Op<reference.BestScoresSizes & { readonly shape: Shape }> = {
  name: "bestScoresBackwardInterests",
  outputs: ([, , , , candidate], { shape }) => [{ shape }, ...(candidate ? [{ shape: candidate.shape }] : [])],
  // Stands in for the gradient of own candidates where there are none.
  scratch: ([, , , , candidate]) => (candidate ? [] : [{ shape: [1, 4] }]),
  reference([candidates, g, winners, interests, candidate, gradient, upstream, coefficients], sizes) {
    const dInterests = reference.bestScoresBackwardInterests(data(candidates), data(g), ids(winners), sizes);
    if (!candidate) return [dInterests];
    const own = { interests: data(interests), candidate: data(candidate), gradient: data(gradient) };
    const dCandidate = reference.addOwnCandidate(dInterests, own, sizes);
    if (coefficients) addApart(dInterests, data(interests), data(coefficients), sizes);
    return [dInterests, dCandidate].map((values) => values.map((value) => value * data(upstream)[0]!));
  },
  families: eachFamily((family, { inputs, outputs: [dInterests, dCandidate], scratch, attributes }) => [
    interestsGradientDispatch(family, attributes, inputs, [dInterests!, dCandidate ?? scratch[0]!]),
  ]),
};

const candidatesGradientOp: Op<reference.BestScoresSizes> = {
  name: "bestScoresBackwardCandidates",
  outputs: (_, { candidates, dimension }) => [{ shape: [candidates, dimension] }],
  reference([interests, g, winners, upstream], sizes) {
    const dCandidates = reference.bestScoresBackwardCandidates(data(interests), data(g), ids(winners), sizes);
    return [upstream ? dCandidates.map((value) => value * data(upstream)[0]!) : dCandidates];
  },
  families: eachFamily((family, { inputs, outputs: [dCandidates], attributes }) => [
    candidatesGradientDispatch(family, attributes, inputs, dCandidates!),
  ]),
};
