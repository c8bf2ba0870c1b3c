import shader from "../../shaders/best_scores.wgsl";
import backwardShader from "../../shaders/best_scores_backward.wgsl";
import backwardCandidatesShader from "../../shaders/best_scores_backward_candidates.wgsl";
import backwardCandidatesSubgroupShader from "../../shaders/best_scores_backward_candidates_subgroup.wgsl";
import backwardSubgroupShader from "../../shaders/best_scores_backward_subgroup.wgsl";
import subgroupShader from "../../shaders/best_scores_subgroup.wgsl";
import { type Dispatch, gridOf, type KernelTarget, read, type Shader, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowPitch, type Shape } from "../graph/shape.ts";
import { inWindow, rowWindows } from "../graph/windows.ts";
import * as reference from "../reference/best-scores.ts";

/**
 * Scores every candidate by the interest that likes it best (MIND, serving; the score that retrieval uses):
 * `score[b, m] = max over active j of v[b, j] . e[m]`, the lowest j winning a tie. A user with no interests scores 0.
 * The gradient flows to the winner alone.
 * @param interests interests `[B, K, d]`, or one vector for each user, `[B, d]`
 * @param interestCounts active interests of each user, u32 `[B]`
 * @param candidates `[M, d]`, shared by all users
 * @returns `scores` `[B, M]`, and `winners`, the u32 index of the best interest, whose rows are `M` rounded up to a
 * multiple of 4 (`[B, 4 ceil(M / 4)]`, zeros past `M`)
 */
export function bestScores(
  interests: Value,
  interestCounts: Value,
  candidates: Value,
): { scores: Value; winners: Value } {
  requireShapes(
    (interests.shape.length === 2 || interests.shape.length === 3) &&
      interestCounts.shape.length === 1 &&
      interestCounts.shape[0] === interests.shape[0] &&
      candidates.shape.length === 2 &&
      candidates.shape[1] === interests.shape.at(-1),
    "bestScores",
    "interests [B, K, d] or [B, d], interestCounts [B] and candidates [M, d]",
    { interests: interests.shape, interestCounts: interestCounts.shape, candidates: candidates.shape },
  );
  const [scores, winners] = interests.graph.apply(bestScoresOp, [interests, interestCounts, candidates], undefined);
  return { scores: scores!, winners: winners! };
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

type Shaped = Pick<Value, "shape">;

const sizesOf = (interests: Shaped, candidates: Shaped): reference.BestScoresSizes => ({
  users: interests.shape[0]!,
  interests: interests.shape.length === 3 ? interests.shape[1]! : 1,
  candidates: candidates.shape[0]!,
  dimension: lastDimension(interests.shape),
});

/** Rows of interests are taken four at a time: four interests of a user or, where each has one, four users. */
function groupsOf({ users, interests }: reference.BestScoresSizes) {
  const chunks = Math.ceil(interests / 4);
  return { chunks, groups: interests === 1 ? Math.ceil(users / 4) : users * chunks };
}

function params(sizes: reference.BestScoresSizes) {
  const { users, interests, candidates, dimension } = sizes;
  const quads = rowPitch([1, dimension], "f32") / 4;
  return { users: u32(users), interests: u32(interests), candidates: u32(candidates), quads: u32(quads) };
}

/**
 * A launch of `lanes` invocations for each of `outer` things that all lanes read alike. With subgroups a workgroup stays
 * within one such thing, so that its invocations share what they read; a software adapter, whose subgroups are small, is
 * given small workgroups, so that few lanes idle.
 */
function launch(
  target: KernelTarget,
  kernels: { readonly alone: Shader; readonly shared: Shader },
  { outer, lanes, single }: { outer: number; lanes: number; single: boolean },
): Pick<Dispatch, "shader" | "constants" | "workgroups"> {
  const constants = { single: single ? 1 : 0 };
  if (target.subgroupSize < 4) return { shader: kernels.alone, constants, workgroups: gridOf(outer * lanes) };
  const workgroupSize = target.software ? 8 : 64;
  return {
    shader: kernels.shared,
    constants: { ...constants, workgroupSize },
    workgroups: gridOf(outer * Math.ceil(lanes / workgroupSize), 1),
  };
}

const bestScoresOp: Op<undefined> = {
  name: "bestScores",
  outputs: ([interests, , candidates]) => {
    const [users, count] = [interests!.shape[0]!, candidates!.shape[0]!];
    return [{ shape: [users, count] }, { shape: [users, reference.winnerPitch(count)], type: "u32" }];
  },
  gradient({ inputs, outputs: [, winners] }, [g]) {
    const [interests, counts, candidates] = inputs as [Value, Value, Value];
    const { graph } = interests;
    return [
      graph.apply(backwardInterestsOp, [counts, candidates, g!, winners!], {
        ...sizesOf(interests, candidates),
        shape: interests.shape,
      })[0]!,
      null,
      graph.apply(backwardCandidatesOp, [interests, counts, g!, winners!], sizesOf(interests, candidates))[0]!,
    ];
  },
  reference: ([interests, counts, candidates]) =>
    reference.bestScores(data(interests), ids(counts), data(candidates), sizesOf(interests!, candidates!)),
  kernels({ inputs: [interests, counts, candidates], outputs: [scores, winners] }, target) {
    const all = sizesOf(interests!, candidates!);
    const keepWinners = target.isUsed(winners!) ? 1 : 0;
    return rowWindows(candidates!, target).map((window) => {
      const sizes = { ...all, candidates: window.count };
      const tiles = Math.ceil(sizes.candidates / 8);
      const { chunks } = groupsOf(sizes);
      const groups = Math.ceil(sizes.users / (sizes.interests === 1 ? 8 : 2));
      return {
        ...launch(
          target,
          { alone: shader, shared: subgroupShader },
          { outer: groups, lanes: tiles, single: sizes.interests === 1 },
        ),
        params: {
          ...params(sizes),
          tiles: u32(tiles),
          groups: u32(groups),
          chunks: u32(chunks),
          keepWinners: u32(keepWinners),
          first: u32(window.first / 4),
          pitch: u32(rowPitch(scores!.shape, "f32") / 4),
        },
        bindings: [
          ...[interests!, counts!].map(read),
          inWindow(read(candidates!), window),
          ...[scores!, winners!].map(write),
        ],
      };
    });
  },
};

const backwardInterestsOp: Op<reference.BestScoresSizes & { readonly shape: Shape }> = {
  name: "bestScoresBackwardInterests",
  outputs: (_, { shape }) => [{ shape }],
  reference: ([counts, candidates, g, winners], sizes) => [
    reference.bestScoresBackwardInterests(ids(counts), data(candidates), data(g), ids(winners), sizes),
  ],
  kernels({ inputs: [counts, candidates, g, winners], outputs: [dv], attributes: sizes }, target) {
    const { chunks, groups } = groupsOf(sizes);
    const tiles = Math.ceil(groups / 4);
    const pairs = Math.ceil(sizes.dimension / 8);
    return [
      {
        ...launch(
          target,
          { alone: backwardShader, shared: backwardSubgroupShader },
          { outer: pairs, lanes: tiles, single: sizes.interests === 1 },
        ),
        params: { ...params(sizes), chunks: u32(chunks), groups: u32(groups), tiles: u32(tiles) },
        bindings: [read(counts!), read(candidates!), read(g!), read(winners!), write(dv!)],
      },
    ];
  },
};

const backwardCandidatesOp: Op<reference.BestScoresSizes> = {
  name: "bestScoresBackwardCandidates",
  outputs: (_, { candidates, dimension }) => [{ shape: [candidates, dimension] }],
  reference: ([interests, counts, g, winners], sizes) => [
    reference.bestScoresBackwardCandidates(data(interests), ids(counts), data(g), ids(winners), sizes),
  ],
  kernels({ inputs: [interests, counts, g, winners], outputs: [de], attributes: sizes }, target) {
    const { chunks, groups } = groupsOf(sizes);
    const pairs = Math.ceil(sizes.dimension / 8);
    return [
      {
        ...launch(
          target,
          { alone: backwardCandidatesShader, shared: backwardCandidatesSubgroupShader },
          { outer: pairs, lanes: Math.ceil(sizes.candidates / 16), single: sizes.interests === 1 },
        ),
        params: { ...params(sizes), chunks: u32(chunks), groups: u32(groups) },
        bindings: [read(interests!), read(counts!), read(g!), read(winners!), write(de!)],
      },
    ];
  },
};
