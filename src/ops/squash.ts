import shader from "../../shaders/squash.wgsl";
import backwardShader from "../../shaders/squash_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount, rowPitch, type Shape, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/squash.ts";

/**
 * Squash (MIND, eq. 5): keeps a capsule's direction and maps its length n to n^2 / (1 + n^2).
 * @param z capsules `[..., d]`
 * @returns `[..., d]`
 */
export function squash(z: Value): Value {
  requireShapes(z.shape.length >= 2, "squash", "capsules [..., d] of rank 2 or more", { z: z.shape });
  return z.graph.apply(squashOp, [z], undefined)[0]!;
}

const params = (shape: Shape) => ({ rows: u32(rowCount(shape)), quads: u32(rowPitch(shape, "f32") / 4) });
const data = (tensor: Tensor) => tensor.data as Float64Array;

const squashOp: Op<undefined> = {
  name: "squash",
  outputs: ([z]) => [{ shape: z!.shape }],
  gradient: ({ inputs: [z] }, [du]) => [squashBackward(z!, du!)],
  reference: ([z]) => [reference.squash(data(z!), lastDimension(z!.shape))],
  kernels: ({ inputs: [z], outputs: [u] }) => [
    { shader, params: params(z!.shape), bindings: [read(z!), write(u!)], workgroups: gridOf(rowCount(z!.shape)) },
  ],
};

/** The gradient of {@link squash} for its input `z`, given the gradient `du` of its output. */
export function squashBackward(z: Value, du: Value): Value {
  requireShapes(sameShape(z.shape, du.shape), "squashBackward", "equal shapes", { z: z.shape, du: du.shape });
  return z.graph.apply(squashBackwardOp, [z, du], undefined)[0]!;
}

const squashBackwardOp: Op<undefined> = {
  name: "squashBackward",
  outputs: ([z]) => [{ shape: z!.shape }],
  reference: ([z, du]) => [reference.squashBackward(data(z!), data(du!), lastDimension(z!.shape))],
  kernels: ({ inputs: [z, du], outputs: [dz] }) => [
    {
      shader: backwardShader,
      params: params(z!.shape),
      bindings: [read(z!), read(du!), write(dz!)],
      workgroups: gridOf(rowCount(z!.shape)),
    },
  ],
};
