import shader from "../../shaders/pair_dot.wgsl";
import backwardShader from "../../shaders/pair_dot_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import {
  bufferElements,
  lastDimension,
  requireShapes,
  rowCount,
  rowPitch,
  type Shape,
  sameShape,
} from "../graph/shape.ts";
import * as reference from "../reference/pair-dot.ts";

/**
 * The dot product of each row of `a` with the same row of `b`.
 * @param a `[..., d]`, rank 2 or more
 * @param b of the shape of `a`
 * @returns `[...]`
 */
export function pairDot(a: Value, b: Value): Value {
  requireShapes(
    a.shape.length >= 2 && sameShape(a.shape, b.shape),
    "pairDot",
    "equal shapes [..., d] of rank 2 or more",
    {
      a: a.shape,
      b: b.shape,
    },
  );
  return a.graph.apply(pairDotOp, [a, b], undefined)[0]!;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;

/** Sizes of the rows `[..., d]` and of what they are reduced to, `[...]`. */
function params(rows: Shape, reduced: Shape) {
  return {
    outer: u32(rowCount(reduced)),
    width: u32(lastDimension(reduced)),
    pitch: u32(rowPitch(reduced, "f32")),
    quads: u32(rowPitch(rows, "f32") / 4),
  };
}

const pairDotOp: Op<undefined> = {
  name: "pairDot",
  outputs: ([a]) => [{ shape: a!.shape.slice(0, -1) }],
  gradient: ({ inputs: [a, b] }, [g]) => [
    a!.graph.apply(pairDotBackwardOp, [b!, g!], undefined)[0]!,
    a!.graph.apply(pairDotBackwardOp, [a!, g!], undefined)[0]!,
  ],
  reference: ([a, b]) => [reference.pairDot(data(a), data(b), lastDimension(a!.shape))],
  kernels: ({ inputs: [a, b], outputs: [s] }) => [
    {
      shader,
      params: params(a!.shape, s!.shape),
      bindings: [read(a!), read(b!), write(s!)],
      workgroups: gridOf(bufferElements(s!.shape, "f32")),
    },
  ],
};

const pairDotBackwardOp: Op<undefined> = {
  name: "pairDotBackward",
  outputs: ([b]) => [{ shape: b!.shape }],
  reference: ([b, g]) => [reference.pairDotBackward(data(b), data(g), lastDimension(b!.shape))],
  kernels: ({ inputs: [b, g], outputs: [da] }) => [
    {
      shader: backwardShader,
      params: params(b!.shape, g!.shape),
      bindings: [read(b!), read(g!), write(da!)],
      workgroups: gridOf(bufferElements(b!.shape, "f32") / 4),
    },
  ],
};
