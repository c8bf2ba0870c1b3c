import shader from "../../shaders/tanh.wgsl";
import backwardShader from "../../shaders/tanh_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { bufferElements, requireShapes } from "../graph/shape.ts";
import * as reference from "../reference/tanh.ts";

/** The hyperbolic tangent of every element of `x [..., d]`. */
export function tanh(x: Value): Value {
  requireShapes(x.shape.length >= 2, "tanh", "x [..., d] of rank 2 or more", { x: x.shape });
  return x.graph.apply(tanhOp, [x], undefined)[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;
const quadsOf = (value: Value) => bufferElements(value.shape, "f32") / 4;

const tanhOp: Op<undefined> = {
  name: "tanh",
  outputs: ([x]) => [{ shape: x!.shape }],
  gradient: ({ outputs: [y] }, [dy]) => [y!.graph.apply(tanhBackwardOp, [y!, dy!], undefined)[0]!],
  reference: ([x]) => [reference.tanh(data(x!))],
  kernels: ({ inputs: [x], outputs: [y] }) => [
    {
      shader,
      params: { quads: u32(quadsOf(x!)) },
      bindings: [read(x!), write(y!)],
      workgroups: gridOf(quadsOf(x!)),
    },
  ],
};

const tanhBackwardOp: Op<undefined> = {
  name: "tanhBackward",
  outputs: ([y]) => [{ shape: y!.shape }],
  reference: ([y, dy]) => [reference.tanhBackward(data(y!), data(dy!))],
  kernels: ({ inputs: [y, dy], outputs: [dx] }) => [
    {
      shader: backwardShader,
      params: { quads: u32(quadsOf(y!)) },
      bindings: [read(y!), read(dy!), write(dx!)],
      workgroups: gridOf(quadsOf(y!)),
    },
  ],
};
