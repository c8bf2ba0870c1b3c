import shader from "../../shaders/concat.wgsl";
import backwardShader from "../../shaders/concat_backward.wgsl";
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
import * as reference from "../reference/concat.ts";

/**
 * Joins two values along the last dimension.
 * @param a `[..., p]`
 * @param b `[..., q]`, or with the second-last dimension of `a` missing: each of its rows then serves all of those of `a`
 * @returns `[..., p + q]`
 */
export function concat(a: Value, b: Value): Value {
  const leading = a.shape.slice(0, -1);
  const others = b.shape.slice(0, -1);
  const fits =
    a.shape.length >= 2 &&
    b.shape.length >= 2 &&
    (sameShape(leading, others) || sameShape(leading.slice(0, -1), others));
  requireShapes(fits, "concat", "a [..., p] and b [..., q], or b without the second-last dimension of a", {
    a: a.shape,
    b: b.shape,
  });
  return a.graph.apply(concatOp, [a, b], undefined)[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;
const pitch = (shape: Shape) => rowPitch(shape, "f32");
const repeatOf = (a: Shape, b: Shape) => rowCount(a) / rowCount(b);

const concatOp: Op<undefined> = {
  name: "concat",
  outputs: ([a, b]) => [{ shape: [...a!.shape.slice(0, -1), lastDimension(a!.shape) + lastDimension(b!.shape)] }],
  gradient: ({ inputs: [a, b] }, [upstream]) => [
    part(upstream!, a!.shape, 0, 1),
    part(upstream!, b!.shape, lastDimension(a!.shape), repeatOf(a!.shape, b!.shape)),
  ],
  reference: ([a, b]) => {
    const repeat = repeatOf(a!.shape, b!.shape);
    return [reference.concat(data(a!), data(b!), lastDimension(a!.shape), lastDimension(b!.shape), repeat)];
  },
  kernels({ inputs: [a, b], outputs: [joined] }) {
    const params = {
      rows: u32(rowCount(a!.shape)),
      repeat: u32(repeatOf(a!.shape, b!.shape)),
      aWidth: u32(lastDimension(a!.shape)),
      aPitch: u32(pitch(a!.shape)),
      bWidth: u32(lastDimension(b!.shape)),
      bPitch: u32(pitch(b!.shape)),
      pitch: u32(pitch(joined!.shape)),
    };
    const workgroups = gridOf(bufferElements(joined!.shape, "f32"));
    return [{ shader, params, bindings: [read(a!), read(b!), write(joined!)], workgroups }];
  },
};

/** The gradient of the part of `shape` that starts at column `first` of the joined rows and served `repeat` of them. */
function part(upstream: Value, shape: Shape, first: number, repeat: number): Value {
  return upstream.graph.apply(partOp, [upstream], { shape, first, repeat })[0]!;
}

const partOp: Op<{ readonly shape: Shape; readonly first: number; readonly repeat: number }> = {
  name: "concatBackward",
  outputs: (_, { shape }) => [{ shape }],
  reference: ([upstream], { shape, first, repeat }) => [
    reference.sliceSum(data(upstream!), lastDimension(upstream!.shape), first, lastDimension(shape), repeat),
  ],
  kernels({ inputs: [upstream], outputs: [gradient], attributes: { shape, first, repeat } }) {
    const params = {
      rows: u32(rowCount(shape)),
      repeat: u32(repeat),
      first: u32(first),
      width: u32(lastDimension(shape)),
      pitch: u32(pitch(shape)),
      upstreamPitch: u32(pitch(upstream!.shape)),
    };
    const workgroups = gridOf(bufferElements(shape, "f32"));
    return [{ shader: backwardShader, params, bindings: [read(upstream!), write(gradient!)], workgroups }];
  },
};
