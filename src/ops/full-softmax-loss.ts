import shader from "../../shaders/full_softmax_loss.wgsl";
import backwardShader from "../../shaders/full_softmax_loss_backward.wgsl";
import sumShader from "../../shaders/full_softmax_loss_sum.wgsl";
import { fail } from "../errors.ts";
import { f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { requireShapes, rowPitch } from "../graph/shape.ts";
import * as reference from "../reference/full-softmax-loss.ts";

/**
 * Softmax cross-entropy over the whole catalogue: the weighted mean over users of `-log softmax(scores[b, 1..V] / T)` at the
 * target. Column 0, the padding, never takes part. All weights 0: loss 0, gradients 0.
 * @param scores `[B, V + 1]`
 * @param targetIds items 1..V, u32 `[B]`; a user whose target is 0 weighs nothing
 * @param weights weight of each user in the mean, at least 0, `[B]`; 0 for padded users
 * @param options `temperature` T, above 0; default 1
 * @returns the loss, `[1]`
 */
export function fullSoftmaxLoss(
  scores: Value,
  targetIds: Value,
  weights: Value,
  { temperature = 1 }: { temperature?: number } = {},
): Value {
  requireShapes(
    scores.shape.length === 2 &&
      scores.shape[1]! >= 2 &&
      [targetIds, weights].every((value) => value.shape.length === 1 && value.shape[0] === scores.shape[0]),
    "fullSoftmaxLoss",
    "scores [B, V + 1], targetIds [B] and weights [B]",
    { scores: scores.shape, targetIds: targetIds.shape, weights: weights.shape },
  );
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    fail(`fullSoftmaxLoss: expected a temperature above 0, got ${temperature}`);
  }
  return scores.graph.apply(fullSoftmaxLossOp, [scores, targetIds, weights], temperature)[0]!;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

const params = ({ shape }: Value, temperature: number) => ({
  users: u32(shape[0]!),
  columns: u32(shape[1]!),
  inverseTemperature: f32(1 / temperature),
});

/** Attribute: the temperature. Outputs: loss, logs of the users' sums, sum of the weights. */
const fullSoftmaxLossOp: Op<number> = {
  name: "fullSoftmaxLoss",
  outputs: ([, targets]) => [{ shape: [1] }, { shape: targets!.shape }, { shape: [1] }],
  scratch: ([, targets]) => [{ shape: [2, targets!.shape[0]!] }],
  gradient: ({ inputs, outputs: [, logSums, total], attributes }, [upstream]) => [
    inputs[0]!.graph.apply(fullSoftmaxLossBackwardOp, [...inputs, logSums!, total!, upstream!], attributes)[0]!,
    null,
    null,
  ],
  reference: ([scores, targets, weights], temperature) =>
    reference.fullSoftmaxLoss(data(scores), ids(targets), data(weights), temperature),
  kernels({ inputs: [scores, targets, weights], outputs: [loss, logSums, total], scratch: [terms], attributes }) {
    const pitch = rowPitch(terms!.shape, "f32");
    return [
      {
        shader,
        params: params(scores!, attributes),
        bindings: [read(scores!), read(targets!), read(weights!), write(logSums!), write(terms!)],
        workgroups: gridOf(pitch),
      },
      {
        shader: sumShader,
        params: { quads: u32(pitch / 4) },
        bindings: [read(terms!), write(loss!), write(total!)],
        workgroups: [1, 1, 1],
      },
    ];
  },
};

const fullSoftmaxLossBackwardOp: Op<number> = {
  name: "fullSoftmaxLossBackward",
  outputs: ([scores]) => [{ shape: scores!.shape }],
  reference: ([scores, targets, weights, logSums, total, upstream], temperature) => [
    reference.fullSoftmaxLossBackward(
      data(scores),
      ids(targets),
      data(weights),
      data(logSums),
      data(total)[0]!,
      data(upstream)[0]!,
      temperature,
    ),
  ],
  kernels: ({ inputs, outputs: [dScores], attributes }) => [
    {
      shader: backwardShader,
      params: params(inputs[0]!, attributes),
      bindings: [...inputs.map(read), write(dScores!)],
      workgroups: gridOf((inputs[0]!.shape[0]! * rowPitch(inputs[0]!.shape, "f32")) / 4),
    },
  ],
};
