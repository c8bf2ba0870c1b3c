import shader from "../../shaders/weighted_mean.wgsl";
import backwardShader from "../../shaders/weighted_mean_backward.wgsl";
import { f32, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { requireShapes, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/weighted-mean.ts";

/**
 * `scale` times the mean of the users' numbers by their weights, as a loss counts its users; 0 where all weights are 0.
 * @param x `[B]`
 * @param weights at least 0, `[B]`; no gradient flows to them
 * @param options `scale`; default 1
 * @returns `[1]`
 */
export function weightedMean(x: Value, weights: Value, { scale = 1 }: { scale?: number } = {}): Value {
  const fits = x.shape.length === 1 && sameShape(x.shape, weights.shape);
  requireShapes(fits, "weightedMean", "x [B] and weights [B]", { x: x.shape, weights: weights.shape });
  return x.graph.apply(weightedMeanOp, [x, weights], scale)[0]!;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const params = (weights: Value, scale: number) => ({ count: u32(weights.shape[0]!), scale: f32(scale) });

const weightedMeanOp: Op<number> = {
  name: "weightedMean",
  outputs: () => [{ shape: [1] }],
  gradient: ({ inputs: [, weights], attributes }, [upstream]) => [
    weights!.graph.apply(weightedMeanBackwardOp, [weights!, upstream!], attributes)[0]!,
    null,
  ],
  reference: ([x, weights], scale) => [reference.weightedMean(data(x), data(weights), scale)],
  kernels: ({ inputs: [x, weights], outputs: [mean], attributes }) => [
    {
      shader,
      params: params(weights!, attributes),
      bindings: [read(x!), read(weights!), write(mean!)],
      workgroups: [1, 1, 1],
    },
  ],
};

const weightedMeanBackwardOp: Op<number> = {
  name: "weightedMeanBackward",
  outputs: ([weights]) => [{ shape: weights!.shape }],
  reference: ([weights, upstream], scale) => [reference.weightedMeanBackward(data(weights), data(upstream)[0]!, scale)],
  kernels: ({ inputs: [weights, upstream], outputs: [dx], attributes }) => [
    {
      shader: backwardShader,
      params: params(weights!, attributes),
      bindings: [read(weights!), read(upstream!), write(dx!)],
      workgroups: [1, 1, 1],
    },
  ],
};
