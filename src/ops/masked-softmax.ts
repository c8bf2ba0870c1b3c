import shader from "../../shaders/masked_softmax.wgsl";
import backwardShader from "../../shaders/masked_softmax_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount, rowPitch, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/masked-softmax.ts";

/**
 * Softmax of the first elements of each row.
 * @param x `[..., width]`
 * @param lengths u32 `[...]`, how many of the first elements of each row take part
 * @returns `[..., width]`; 0 for the others, and for rows of length 0
 */
export function maskedSoftmax(x: Value, lengths: Value): Value {
  const fits = x.shape.length >= 2 && sameShape(lengths.shape, x.shape.slice(0, -1));
  requireShapes(fits, "maskedSoftmax", "x [..., width] and lengths [...]", { x: x.shape, lengths: lengths.shape });
  return x.graph.apply(maskedSoftmaxOp, [x, lengths], undefined)[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;

const maskedSoftmaxOp: Op<undefined> = {
  name: "maskedSoftmax",
  outputs: ([x]) => [{ shape: x!.shape }],
  gradient: ({ outputs: [p] }, [dp]) => [p!.graph.apply(maskedSoftmaxBackwardOp, [p!, dp!], undefined)[0]!, null],
  reference: ([x, lengths]) => [
    reference.maskedSoftmax(data(x!), lengths!.data as Uint32Array, lastDimension(x!.shape)),
  ],
  kernels({ inputs: [x, lengths], outputs: [p] }) {
    const rows = rowCount(x!.shape);
    const params = { rows: u32(rows), width: u32(lastDimension(x!.shape)), pitch: u32(rowPitch(x!.shape, "f32")) };
    return [{ shader, params, bindings: [read(x!), read(lengths!), write(p!)], workgroups: gridOf(rows) }];
  },
};

const maskedSoftmaxBackwardOp: Op<undefined> = {
  name: "maskedSoftmaxBackward",
  outputs: ([p]) => [{ shape: p!.shape }],
  reference: ([p, dp]) => [reference.maskedSoftmaxBackward(data(p!), data(dp!), lastDimension(p!.shape))],
  kernels({ inputs: [p, dp], outputs: [dx] }) {
    const rows = rowCount(p!.shape);
    const params = { rows: u32(rows), quads: u32(rowPitch(p!.shape, "f32") / 4) };
    const bindings = [read(p!), read(dp!), write(dx!)];
    return [{ shader: backwardShader, params, bindings, workgroups: gridOf(rows) }];
  },
};
