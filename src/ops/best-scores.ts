import { fail } from "../errors.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes } from "../graph/shape.ts";
import * as reference from "../reference/best-scores.ts";
import { candidatesGradient, interestsGradient } from "./best-scores-backward.ts";
import { scoreDispatches } from "./best-scores-kernels.ts";
import { eachFamily } from "./matmul-kernels.ts";

/**
 * Scores every candidate by the interest that likes it best (MIND, serving; the score that retrieval uses):
 * `score[b, m] = max over active j of v[b, j] . e[m]`, the lowest j winning a tie. A user with no interests scores 0.
 * The gradient flows to the winner alone.
 * @param interests interests `[B, K, d]`, K at most 255, or one vector for each user, `[B, d]`
 * @param interestCounts active interests of each user, u32 `[B]`
 * @param candidates `[M, d]`, shared by all users
 * @returns `scores` `[B, M]`, and `winners`, the index of the best interest of each, u32 `[B, ceil(M / 4)]`; see {@link winnerBytes}
 */
export function bestScores(
  interests: Value,
  interestCounts: Value,
  candidates: Value,
): { scores: Value; winners: Value } {
  requireShapes(
    canScore(interests, interestCounts, candidates),
    "bestScores",
    "interests [B, K, d] or [B, d], interestCounts [B] and candidates [M, d]",
    { interests: interests.shape, interestCounts: interestCounts.shape, candidates: candidates.shape },
  );
  const most = sizesOf(interests, candidates).interests;
  if (most > reference.noWinner) {
    fail(`bestScores: expected at most ${reference.noWinner} interests, for a winner is a byte; got ${most}`);
  }
  const [scores, winners] = interests.graph.apply(bestScoresOp, [interests, interestCounts, candidates], undefined);
  return { scores: scores!, winners: winners! };
}

/** Whether the shapes are those of interests, their counts and candidates for them to score. */
export const canScore = ({ shape }: Shaped, { shape: counts }: Shaped, { shape: candidates }: Shaped): boolean =>
  (shape.length === 2 || shape.length === 3) &&
  counts.length === 1 &&
  counts[0] === shape[0] &&
  candidates.length === 2 &&
  candidates[1] === shape.at(-1);

/** The winners that were read back, a byte each, `[B, 4 ceil(M / 4)]`; 255 where a user has no interest, and past the last candidate. */
export const winnerBytes = (winners: Uint32Array): Uint8Array =>
  new Uint8Array(winners.buffer, winners.byteOffset, winners.byteLength);

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

type Shaped = Pick<Value, "shape">;

/** The sizes of a node of best scores. */
export const sizesOf = (interests: Shaped, candidates: Shaped): reference.BestScoresSizes => ({
  users: interests.shape[0]!,
  interests: interests.shape.length === 3 ? interests.shape[1]! : 1,
  candidates: candidates.shape[0]!,
  dimension: lastDimension(interests.shape),
});

const bestScoresOp: Op<undefined> = {
  name: "bestScores",
  outputs: ([interests, , candidates]) => {
    const [users, count] = [interests!.shape[0]!, candidates!.shape[0]!];
    return [{ shape: [users, count] }, { shape: [users, reference.winnerWords(count)], type: "u32" }];
  },
  gradient({ inputs, outputs: [, winners] }, [g]) {
    const [interests, , candidates] = inputs as [Value, Value, Value];
    const sizes = sizesOf(interests, candidates);
    const given = { g: g!, winners: winners! };
    return [
      interestsGradient({ candidates, ...given }, sizes, interests.shape)[0]!,
      null,
      candidatesGradient({ interests, ...given }, sizes),
    ];
  },
  reference: ([interests, counts, candidates]) =>
    reference.bestScores(data(interests), ids(counts), data(candidates), sizesOf(interests!, candidates!)),
  families: eachFamily((family, { inputs, outputs }, target) => {
    const [interests, counts, candidates] = inputs as [Value, Value, Value];
    const [scores, winners] = outputs as [Value, Value];
    const values = { interests, counts, candidates, scores, winners };
    return scoreDispatches(family, sizesOf(interests, candidates), target, values);
  }),
};
