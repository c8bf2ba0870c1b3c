import shader from "../../shaders/rank_targets.wgsl";
import finishShader from "../../shaders/rank_targets_finish.wgsl";
import ownShader from "../../shaders/rank_targets_own.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, KernelTarget, Node, Op, Tensor, Value } from "../graph/graph.ts";
import { elementCount, lastDimension, requireShapes } from "../graph/shape.ts";
import { type BestScoresSizes, bestScores } from "../reference/best-scores.ts";
import * as reference from "../reference/rank-targets.ts";
import { canScore, sizesOf } from "./best-scores.ts";
import { type Chunk, chunkScratch, chunksOf, scoreChunk } from "./best-scores-chunks.ts";
import { gatherDispatches } from "./gather.ts";
import { eachFamily, type FamilyName } from "./matmul-kernels.ts";

/**
 * Where each target stands in its user's ranking of the whole catalogue, by `max over active j of v[b, j] . e[item]` descending,
 * id ascending. NaN ranks last; for a user without interests all scores are 0. Excluded items, such as those the user has
 * seen, are not counted, however often one is listed; a target that is itself excluded is ranked all the same. The catalogue
 * is scored in chunks, so that there is never a score for every user and item in memory. Without gradient.
 * @param interests `[B, K, d]`, K at most 255, or `[B, d]`
 * @param interestCounts active interests of each user, u32 `[B]`
 * @param table item vectors `[V + 1, d]`; row 0 is padding
 * @param targets items 1..V, u32 `[B, T]`, 0 for none; best no more than V in all, for they are scored apart
 * @param excluded items 1..V, u32 `[B, X]`, ascending in each row, 0 for none; repeats are fine
 * @returns 0-based ranks, u32 `[B, T]`; 0xffffffff where there is no target
 */
export function rankTargets(
  interests: Value,
  interestCounts: Value,
  table: Value,
  targets: Value,
  excluded: Value,
): Value {
  const users = interests.shape[0];
  requireShapes(
    canScore(interests, interestCounts, table) &&
      [targets, excluded].every(({ shape }) => shape.length === 2 && shape[0] === users),
    "rankTargets",
    "interests [B, K, d] or [B, d], interestCounts [B], table [V + 1, d], targets [B, T] and excluded [B, X]",
    {
      ...{ interests: interests.shape, interestCounts: interestCounts.shape, table: table.shape },
      ...{ targets: targets.shape, excluded: excluded.shape },
    },
  );
  const inputs = [interests, interestCounts, table, targets, excluded];
  return interests.graph.apply(rankTargetsOp, inputs, undefined)[0]!;
}

/** Targets are counted over slices of at least 128 vec4, and over no more than 256 slices of a chunk. */
function slicing(columns: number) {
  const quads = columns / 4;
  const sliceQuads = Math.max(128, Math.ceil(quads / 256));
  return { sliceQuads, slices: Math.ceil(quads / sliceQuads) };
}

const rankTargetsOp: Op<undefined> = {
  name: "rankTargets",
  outputs: ([, , , targets]) => [{ shape: targets!.shape, type: "u32" }],
  scratch([interests, , table, targets]) {
    const [scores, winners] = chunkScratch(interests!.shape[0]!, table!.shape[0]!);
    return [
      scores,
      winners,
      { shape: [elementCount(targets!.shape), lastDimension(table!.shape)] },
      { shape: targets!.shape, type: "u32" },
      { shape: [...targets!.shape, slicing(scores.shape[1]!).slices], type: "u32" },
    ];
  },
  reference([interests, counts, table, targets, excluded]) {
    const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
    const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;
    const sizes = sizesOf(interests!, table!);
    const [scores] = bestScores(data(interests), ids(counts), data(table), sizes);
    return [reference.rankTargets(scores, ids(targets), ids(excluded), sizes.users)];
  },
  families: eachFamily(kernelsOf),
};

function kernelsOf(family: FamilyName, node: Node<undefined>, target: KernelTarget): Dispatch[] {
  const [interests, interestCounts, table, targets, excluded] = node.inputs as [Value, Value, Value, Value, Value];
  const [scores, winners, , own, counts] = node.scratch as [Value, Value, Value, Value, Value];
  const sizes = sizesOf(interests, table);
  const values = { interests, counts: interestCounts, candidates: table, scores, winners };
  const chunks = chunksOf(table, scores, target);
  const { slices, sliceQuads } = slicing(scores.shape[1]!);
  const count = (chunk: Chunk): Dispatch => ({
    shader,
    params: {
      users: u32(sizes.users),
      targets: u32(lastDimension(targets.shape)),
      slices: u32(slices),
      sliceQuads: u32(sliceQuads),
      first: u32(chunk.first),
      count: u32(chunk.count),
      quads: u32(scores.shape[1]! / 4),
      slots: u32(lastDimension(excluded.shape)),
      isFirst: u32(Number(chunk.isFirst)),
    },
    bindings: [...[scores, targets, own, excluded].map(read), write(counts)],
    workgroups: gridOf(elementCount(counts.shape)),
  });
  const slots = elementCount(targets.shape);
  const finish: Dispatch = {
    shader: finishShader,
    params: { slots: u32(slots), slices: u32(slices), items: u32(sizes.candidates) },
    bindings: [...[targets, counts].map(read), write(node.outputs[0]!)],
    workgroups: gridOf(slots),
  };
  const [whole, ...others] = chunks as [Chunk, ...Chunk[]];
  if (others.length === 0) {
    return [
      scoreChunk(family, sizes, whole, values, false),
      ownDispatch(node, sizes, { first: 0, count: slots }, false),
      count(whole),
      finish,
    ];
  }
  const each = chunks.flatMap((chunk) => [scoreChunk(family, sizes, chunk, values, false), count(chunk)]);
  return [...scoreTargets(family, node, sizes, target), ...each, finish];
}

/** Scores the targets of all users, as if they were a catalogue: by the same kernel, so that they have the bits of the catalogue's. */
function scoreTargets(
  family: FamilyName,
  node: Node<undefined>,
  sizes: BestScoresSizes,
  target: KernelTarget,
): Dispatch[] {
  const [interests, counts, table, targets] = node.inputs as [Value, Value, Value, Value];
  const [scores, winners, rows] = node.scratch as [Value, Value, Value];
  const values = { interests, counts, candidates: rows, scores, winners };
  return [
    ...gatherDispatches(table, targets, rows, target),
    ...chunksOf(rows, scores, target).flatMap((chunk) => [
      scoreChunk(family, sizes, chunk, values, false),
      ownDispatch(node, sizes, chunk, true),
    ]),
  ];
}

function ownDispatch(
  { inputs, scratch }: Node<undefined>,
  { users, candidates }: BestScoresSizes,
  { first, count }: { readonly first: number; readonly count: number },
  asCatalogue: boolean,
): Dispatch {
  const [, , , targets] = inputs as [Value, Value, Value, Value];
  const [scores, , , own] = scratch as [Value, Value, Value, Value];
  return {
    shader: ownShader,
    constants: { asCatalogue: Number(asCatalogue) },
    params: {
      users: u32(users),
      targets: u32(lastDimension(targets.shape)),
      columns: u32(lastDimension(scores.shape)),
      items: u32(candidates),
      first: u32(first),
      count: u32(count),
    },
    bindings: [...[scores, targets].map(read), write(own)],
    workgroups: gridOf(count),
  };
}
