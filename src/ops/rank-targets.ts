import shader from "../../shaders/rank_targets.wgsl";
import finishShader from "../../shaders/rank_targets_finish.wgsl";
import uniqueShader from "../../shaders/rank_targets_unique.wgsl";
import { type Dispatch, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { elementCount, requireShapes, rowPitch } from "../graph/shape.ts";
import * as reference from "../reference/rank-targets.ts";

/**
 * Where each target stands in its user's ranking of the whole catalogue, by score descending, id ascending. NaN ranks last.
 * Excluded items, such as those the user has seen, are not counted, however often one is listed; a target that is itself
 * excluded is ranked all the same. Without gradient.
 * @param scores `[B, V + 1]`; column 0, the padding, is not ranked
 * @param targets items 1..V, u32 `[B, T]`, 0 for none
 * @param excluded items 1..V, u32 `[B, X]`, 0 for none; repeats are fine
 * @returns 0-based ranks, u32 `[B, T]`; 0xffffffff where there is no target
 */
export function rankTargets(scores: Value, targets: Value, excluded: Value): Value {
  requireShapes(
    [scores, targets, excluded].every((value) => value.shape.length === 2 && value.shape[0] === scores.shape[0]),
    "rankTargets",
    "scores [B, V + 1], targets [B, T] and excluded [B, X]",
    { scores: scores.shape, targets: targets.shape, excluded: excluded.shape },
  );
  return scores.graph.apply(rankTargetsOp, [scores, targets, excluded], undefined)[0]!;
}

/** Targets are counted over slices of at least 128 vec4, and over no more than 256 slices. */
function slicing(columns: number) {
  const quads = Math.ceil(columns / 4);
  const sliceQuads = Math.max(128, Math.ceil(quads / 256));
  return { sliceQuads, slices: Math.ceil(quads / sliceQuads) };
}

const rankTargetsOp: Op<undefined> = {
  name: "rankTargets",
  outputs: ([, targets]) => [{ shape: targets!.shape, type: "u32" }],
  scratch([scores, targets, excluded]) {
    const [users, columns] = scores!.shape as [number, number];
    return [
      { shape: [...targets!.shape, slicing(columns).slices], type: "u32" },
      { shape: excluded!.shape, type: "u32" },
      { shape: [users, Math.ceil(columns / 32)], type: "u32" },
    ];
  },
  reference: ([scores, targets, excluded]) => [
    reference.rankTargets(
      (scores as Tensor).data as Float64Array,
      targets!.data as Uint32Array,
      excluded!.data as Uint32Array,
      scores!.shape[0]!,
    ),
  ],
  kernels({ inputs: [scores, targets, excluded], outputs: [ranks], scratch: [counts, unique, seen] }): Dispatch[] {
    const [users, columns] = scores!.shape as [number, number];
    const { slices, sliceQuads } = slicing(columns);
    const common = { users: u32(users), columns: u32(columns), targets: u32(targets!.shape[1]!), slices: u32(slices) };
    const slots = u32(excluded!.shape[1]!);
    return [
      {
        shader: uniqueShader,
        params: { users: u32(users), slots, columns: u32(columns), words: u32(seen!.shape[1]!) },
        bindings: [read(excluded!), write(unique!), write(seen!)],
        workgroups: gridOf(users),
      },
      {
        shader,
        params: { ...common, sliceQuads: u32(sliceQuads) },
        bindings: [read(scores!), read(targets!), write(counts!)],
        workgroups: gridOf(elementCount(counts!.shape)),
      },
      {
        shader: finishShader,
        params: { ...common, slots, pitch: u32(rowPitch(scores!.shape, "f32")) },
        bindings: [read(scores!), read(targets!), read(unique!), read(counts!), write(ranks!)],
        workgroups: gridOf(elementCount(targets!.shape)),
      },
    ];
  },
};
