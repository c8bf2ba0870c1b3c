import shader from "../../shaders/routing_variance.wgsl";
import backwardShader from "../../shaders/routing_variance_backward.wgsl";
import { f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { requireShapes, rowPitch, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/routing-variance.ts";

/**
 * How unevenly interests are made of behaviours, which REMI (RecSys 2023) penalises so that none is made of one alone:
 * `|| diag((A - mean)(A - mean)^T / d) ||^2` for each user's weights A, with the mean of each interest over the user's behaviours.
 * @param weights of routing or attention, `[batch, length, interests]`
 * @param lengths u32 `[batch]`, how many of the first behaviours of each user are real
 * @param d width of a behaviour
 * @returns `[batch]`
 */
export function routingVariance(weights: Value, lengths: Value, d: number): Value {
  const fits = weights.shape.length === 3 && sameShape(lengths.shape, [weights.shape[0]!]);
  requireShapes(fits, "routingVariance", "weights [batch, length, interests] and lengths [batch]", {
    weights: weights.shape,
    lengths: lengths.shape,
  });
  return weights.graph.apply(routingVarianceOp, [weights, lengths], d)[0]!;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

function sizesOf({ shape }: Pick<Value, "shape">): reference.RoutingSizes {
  const [batch, length, interests] = shape as [number, number, number];
  return { batch, length, interests };
}

const params = ({ shape }: Value) => ({
  batch: u32(shape[0]!),
  length: u32(shape[1]!),
  quads: u32(rowPitch(shape, "f32") / 4),
});

/** Attribute: d. Outputs: the variances; means and sums of squares of each interest's weights. */
const routingVarianceOp: Op<number> = {
  name: "routingVariance",
  outputs([weights]) {
    const { batch, interests } = sizesOf(weights!);
    return [{ shape: [batch] }, { shape: [batch, 2, interests] }];
  },
  gradient: ({ inputs: [weights, lengths], outputs: [, moments], attributes }, [g]) => [
    weights!.graph.apply(routingVarianceBackwardOp, [weights!, lengths!, moments!, g!], attributes)[0]!,
    null,
  ],
  reference: ([weights, lengths], d) => reference.routingVariance(data(weights), ids(lengths), d, sizesOf(weights!)),
  kernels: ({ inputs: [weights, lengths], outputs: [variance, moments], attributes: d }, { isUsed }) => [
    {
      shader,
      params: { ...params(weights!), keep: u32(isUsed(moments!) ? 1 : 0), inverse: f32(1 / d) },
      bindings: [read(weights!), read(lengths!), write(variance!), write(moments!)],
      workgroups: gridOf(weights!.shape[0]!),
    },
  ],
};

const routingVarianceBackwardOp: Op<number> = {
  name: "routingVarianceBackward",
  outputs: ([weights]) => [{ shape: weights!.shape }],
  reference: ([weights, lengths, moments, g], d) => [
    reference.routingVarianceBackward(data(weights), ids(lengths), data(moments), data(g), d, sizesOf(weights!)),
  ],
  kernels: ({ inputs, outputs: [dw], attributes: d }) => {
    const { shape } = inputs[0]!;
    return [
      {
        shader: backwardShader,
        params: { ...params(inputs[0]!), factor: f32(4 / d ** 2) },
        bindings: [...inputs.map(read), write(dw!)],
        workgroups: gridOf((shape[0]! * shape[1]! * rowPitch(shape, "f32")) / 4),
      },
    ];
  },
};
