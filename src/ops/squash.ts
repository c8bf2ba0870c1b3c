import shader from "../../shaders/squash.wgsl";
import backwardShader from "../../shaders/squash_backward.wgsl";
import { fail } from "../errors.ts";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount, rowPitch, type Shape, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/squash.ts";

interface Attributes {
  readonly power: number;
}

/**
 * Squash (MIND, eq. 5): keeps a capsule's direction and maps its length n to n^2 / (1 + n^2).
 * @param z capsules `[..., d]`
 * @param options `power` p of (n^2 / (1 + n^2))^p; default 1, and 0 is L2 normalisation
 * @returns `[..., d]`
 */
export function squash(z: Value, { power = 1 }: Partial<Attributes> = {}): Value {
  requireShapes(z.shape.length >= 2, "squash", "capsules [..., d] of rank 2 or more", { z: z.shape });
  if (!(power >= 0)) fail(`squash: expected a power of at least 0, got ${power}; 1 is squash, 0 L2 normalisation`);
  return z.graph.apply(squashOp, [z], { power })[0]!;
}

const params = (shape: Shape) => ({ rows: u32(rowCount(shape)), quads: u32(rowPitch(shape, "f32") / 4) });
const data = (tensor: Tensor) => tensor.data as Float64Array;

const squashOp: Op<Attributes> = {
  name: "squash",
  outputs: ([z]) => [{ shape: z!.shape }],
  gradient: ({ inputs: [z], attributes }, [du]) => [squashBackward(z!, du!, attributes)],
  reference: ([z], { power }) => [reference.squash(data(z!), lastDimension(z!.shape), power)],
  kernels: ({ inputs: [z], outputs: [u], attributes }) => [
    {
      shader,
      constants: { squashPower: attributes.power },
      params: params(z!.shape),
      bindings: [read(z!), write(u!)],
      workgroups: gridOf(rowCount(z!.shape)),
    },
  ],
};

/** The gradient of {@link squash} for its input `z`, given the gradient `du` of its output. */
export function squashBackward(z: Value, du: Value, attributes: Attributes): Value {
  requireShapes(sameShape(z.shape, du.shape), "squashBackward", "equal shapes", { z: z.shape, du: du.shape });
  return z.graph.apply(squashBackwardOp, [z, du], attributes)[0]!;
}

const squashBackwardOp: Op<Attributes> = {
  name: "squashBackward",
  outputs: ([z]) => [{ shape: z!.shape }],
  reference: ([z, du], { power }) => [reference.squashBackward(data(z!), data(du!), lastDimension(z!.shape), power)],
  kernels: ({ inputs: [z, du], outputs: [dz], attributes }) => [
    {
      shader: backwardShader,
      constants: { squashPower: attributes.power },
      params: params(z!.shape),
      bindings: [read(z!), read(du!), write(dz!)],
      workgroups: gridOf(rowCount(z!.shape)),
    },
  ],
};
