import shader from "../../shaders/l2_normalise.wgsl";
import backwardShader from "../../shaders/l2_normalise_backward.wgsl";
import { f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount, rowPitch, type Shape, sameShape } from "../graph/shape.ts";
import { inWindow, rowWindows } from "../graph/windows.ts";
import * as reference from "../reference/l2-normalise.ts";

interface Attributes {
  readonly epsilon: number;
}

/**
 * Divides each row by its length: y = x / max(|x|, epsilon). A zero row stays zero; its gradient is that of x / epsilon.
 * @param x `[..., d]`
 * @param options `epsilon`, the length below which rows are not made longer; default 1e-12
 * @returns `[..., d]`
 */
export function l2Normalise(x: Value, { epsilon = 1e-12 }: Partial<Attributes> = {}): Value {
  requireShapes(x.shape.length >= 2, "l2Normalise", "rows [..., d] of rank 2 or more", { x: x.shape });
  return x.graph.apply(l2NormaliseOp, [x], { epsilon })[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;
const params = (rows: number, shape: Shape, { epsilon }: Attributes) => ({
  rows: u32(rows),
  quads: u32(rowPitch(shape, "f32") / 4),
  epsilon: f32(epsilon),
});

const l2NormaliseOp: Op<Attributes> = {
  name: "l2Normalise",
  outputs: ([x]) => [{ shape: x!.shape }],
  gradient: ({ inputs: [x], attributes }, [dy]) => [l2NormaliseBackward(x!, dy!, attributes)],
  reference: ([x], { epsilon }) => [reference.l2Normalise(data(x!), lastDimension(x!.shape), epsilon)],
  // Whole catalogues are normalised for judging.
  kernels: ({ inputs: [x], outputs: [y], attributes }, target) =>
    rowWindows(x!, target).map((window) => ({
      shader,
      params: params(window.count, x!.shape, attributes),
      bindings: [inWindow(read(x!), window), inWindow(write(y!), window)],
      workgroups: gridOf(window.count),
    })),
};

/** The gradient of {@link l2Normalise} for its input `x`, given the gradient `dy` of its output. */
export function l2NormaliseBackward(x: Value, dy: Value, attributes: Attributes): Value {
  const fits = x.shape.length >= 2 && sameShape(x.shape, dy.shape);
  requireShapes(fits, "l2NormaliseBackward", "equal shapes", { x: x.shape, dy: dy.shape });
  return x.graph.apply(l2NormaliseBackwardOp, [x, dy], attributes)[0]!;
}

const l2NormaliseBackwardOp: Op<Attributes> = {
  name: "l2NormaliseBackward",
  outputs: ([x]) => [{ shape: x!.shape }],
  reference: ([x, dy], { epsilon }) => [
    reference.l2NormaliseBackward(data(x!), data(dy!), lastDimension(x!.shape), epsilon),
  ],
  kernels: ({ inputs: [x, dy], outputs: [dx], attributes }) => [
    {
      shader: backwardShader,
      params: params(rowCount(x!.shape), x!.shape, attributes),
      bindings: [read(x!), read(dy!), write(dx!)],
      workgroups: gridOf(rowCount(x!.shape)),
    },
  ],
};
