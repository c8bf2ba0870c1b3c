import shader from "../../shaders/best_scores.wgsl";
import backwardShader from "../../shaders/best_scores_backward.wgsl";
import candidatesShader from "../../shaders/best_scores_backward_candidates.wgsl";
import candidatesSubgroupShader from "../../shaders/best_scores_backward_candidates_subgroup.wgsl";
import candidatesWorkgroupShader from "../../shaders/best_scores_backward_candidates_workgroup.wgsl";
import backwardSubgroupShader from "../../shaders/best_scores_backward_subgroup.wgsl";
import backwardWorkgroupShader from "../../shaders/best_scores_backward_workgroup.wgsl";
import subgroupShader from "../../shaders/best_scores_subgroup.wgsl";
import workgroupShader from "../../shaders/best_scores_workgroup.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, KernelTarget, Shader, Value } from "../graph/graph.ts";
import { inWindow, type RowWindow, rowWindows } from "../graph/windows.ts";
import type { BestScoresSizes } from "../reference/best-scores.ts";
import { type FamilyName, quadsOf } from "./matmul-kernels.ts";

/** How one family's kernel is launched: the columns of its result cut into tiles, the rows into blocks of four. */
interface Way {
  readonly shader: Shader;
  /** Columns of a tile, by how many there are. */
  tile(columns: number): number;
  /** Blocks that a workgroup or, in the plain family, an invocation owns. */
  readonly blocks: number;
  constants(sizes: BestScoresSizes, tile: number): Readonly<Record<string, number>>;
}

type Kernel = Readonly<Record<FamilyName, Way>>;

const constants = ({ interests }: BestScoresSizes) => ({
  single: Number(interests === 1),
  chunks: Math.ceil(interests / 4),
});

/** Columns: candidates. Blocks: four interests of a user, or four users of one interest each. */
const forward: Kernel = {
  subgroup: { shader: subgroupShader, tile: () => 24, blocks: 8, constants },
  workgroup: { shader: workgroupShader, tile: () => 64, blocks: 16, constants },
  plain: { shader, tile: () => 8, blocks: 2, constants },
};

const upTo16 = (quads: number) => [4, 8].find((columns) => columns >= quads) ?? 16;

/** Columns: vec4 of an interest. Blocks: as forward, those of a user's further chunks of interests counted. */
const backward: Kernel = {
  subgroup: { shader: backwardSubgroupShader, tile: () => 8, blocks: 8, constants },
  workgroup: {
    shader: backwardWorkgroupShader,
    tile: upTo16,
    blocks: 2,
    constants: (sizes, columns) => ({ ...constants(sizes), columns }),
  },
  plain: { shader: backwardShader, tile: () => 2, blocks: 4, constants },
};

/** Columns: vec4 of a candidate. Blocks: four candidates. */
const backwardCandidates: Kernel = {
  subgroup: { ...backward.subgroup, shader: candidatesSubgroupShader },
  workgroup: { ...backward.workgroup, shader: candidatesWorkgroupShader, constants: (_, columns) => ({ columns }) },
  plain: { ...backward.plain, shader: candidatesShader },
};

function launch(family: FamilyName, kernel: Kernel, sizes: BestScoresSizes, columns: number, blocks: number) {
  const way = kernel[family];
  const tile = way.tile(columns);
  const tiles = Math.ceil(columns / tile);
  return {
    shader: way.shader,
    constants: way.constants(sizes, tile),
    params: {
      users: u32(sizes.users),
      interests: u32(sizes.interests),
      candidates: u32(sizes.candidates),
      quads: u32(Math.ceil(sizes.dimension / 4)),
      tiles: u32(tiles),
    },
    workgroups: gridOf(tiles * Math.ceil(blocks / way.blocks), family === "plain" ? 64 : 1),
  };
}

const blocksOf = ({ users, interests }: BestScoresSizes) => (interests === 1 ? Math.ceil(users / 4) : users);

export type ScoreValues = Readonly<Record<"interests" | "counts" | "candidates" | "scores" | "winners", Value>>;

/** The launch that scores the rows of one window of a table of candidates, into the columns of the scores from `first` on. */
export function windowDispatch(
  family: FamilyName,
  all: BestScoresSizes,
  window: RowWindow,
  { interests, counts, candidates, scores, winners }: ScoreValues,
  { first, keepWinners }: { readonly first: number; readonly keepWinners: boolean },
): Dispatch {
  const sizes = { ...all, candidates: window.count };
  const { params, ...launched } = launch(family, forward, sizes, window.count, blocksOf(sizes));
  return {
    ...launched,
    params: {
      ...params,
      keepWinners: u32(keepWinners ? 1 : 0),
      first: u32(first / 4),
      pitch: u32(quadsOf(scores.shape)),
    },
    bindings: [...[interests, counts].map(read), inWindow(read(candidates), window), ...[scores, winners].map(write)],
  };
}

/** The launches of the scores and their winners: one, or one for each window of a table of candidates. */
export function scoreDispatches(
  family: FamilyName,
  sizes: BestScoresSizes,
  target: KernelTarget,
  values: ScoreValues,
): Dispatch[] {
  const keepWinners = target.isUsed(values.winners);
  return rowWindows(values.candidates, target).map((window) =>
    windowDispatch(family, sizes, window, values, { first: window.first, keepWinners }),
  );
}

/** The launch of the gradient for the interests; more inputs are those of users' own candidates and of what keeps interests apart. */
export function interestsGradientDispatch(
  family: FamilyName,
  sizes: BestScoresSizes,
  [candidates, g, winners, ...own]: readonly Value[],
  [dInterests, dCandidate]: readonly [Value, Value],
): Dispatch {
  const { constants, ...launched } = launch(
    family,
    backward,
    sizes,
    quadsOf(candidates!.shape),
    blocksOf(sizes) * Math.ceil(sizes.interests / 4),
  );
  const bound = Array.from({ length: 5 }, (_, i) => read(own[i] ?? candidates!));
  return {
    ...launched,
    constants: { ...constants, own: Number(own.length > 0), apart: Number(own.length > 4) },
    bindings: [
      ...[candidates!, g!, winners!].map(read),
      write(dInterests),
      ...bound.slice(0, 4),
      write(dCandidate),
      bound[4]!,
    ],
  };
}

/** The launch of the gradient for the candidates. */
export function candidatesGradientDispatch(
  family: FamilyName,
  sizes: BestScoresSizes,
  [interests, g, winners, upstream]: readonly Value[],
  dCandidates: Value,
): Dispatch {
  const blocks = Math.ceil(sizes.candidates / 4);
  const { constants, ...launched } = launch(family, backwardCandidates, sizes, quadsOf(dCandidates.shape), blocks);
  return {
    ...launched,
    constants: { ...constants, scaled: Number(upstream !== undefined) },
    bindings: [...[interests!, g!, winners!].map(read), write(dCandidates), read(upstream ?? g!)],
  };
}
