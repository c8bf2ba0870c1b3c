import shader from "../../shaders/sequence_softmax.wgsl";
import backwardShader from "../../shaders/sequence_softmax_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { requireShapes, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/sequence-softmax.ts";
import { quadsOf } from "./matmul-kernels.ts";

/**
 * Softmax over the behaviours of each interest: the attention of ComiRec-SA (KDD 2020, eq. 3).
 * @param x `[batch, length, interests]`
 * @param lengths u32 `[batch]`, how many of the first behaviours of each user are real
 * @returns `[batch, length, interests]`; 0 for padded behaviours, and for users with none
 */
export function sequenceSoftmax(x: Value, lengths: Value): Value {
  const fits = x.shape.length === 3 && sameShape(lengths.shape, [x.shape[0]!]);
  requireShapes(fits, "sequenceSoftmax", "x [batch, length, interests] and lengths [batch]", {
    x: x.shape,
    lengths: lengths.shape,
  });
  return x.graph.apply(sequenceSoftmaxOp, [x, lengths], undefined)[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;

function sizesOf({ shape }: Pick<Value, "shape">): reference.SequenceSizes {
  const [batch, length, interests] = shape as [number, number, number];
  return { batch, length, interests };
}

const sequenceSoftmaxOp: Op<undefined> = {
  name: "sequenceSoftmax",
  outputs: ([x]) => [{ shape: x!.shape }],
  gradient: ({ outputs: [p] }, [dp]) => [p!.graph.apply(sequenceSoftmaxBackwardOp, [p!, dp!], undefined)[0]!, null],
  reference: ([x, lengths]) => [reference.sequenceSoftmax(data(x!), lengths!.data as Uint32Array, sizesOf(x!))],
  kernels({ inputs: [x, lengths], outputs: [p] }) {
    const { batch, length, interests } = sizesOf(x!);
    const quads = quadsOf(x!.shape);
    return [
      {
        shader,
        params: { batch: u32(batch), length: u32(length), interests: u32(interests), quads: u32(quads) },
        bindings: [read(x!), read(lengths!), write(p!)],
        workgroups: gridOf(batch * quads),
      },
    ];
  },
};

const sequenceSoftmaxBackwardOp: Op<undefined> = {
  name: "sequenceSoftmaxBackward",
  outputs: ([p]) => [{ shape: p!.shape }],
  reference: ([p, dp]) => [reference.sequenceSoftmaxBackward(data(p!), data(dp!), sizesOf(p!))],
  kernels({ inputs: [p, dp], outputs: [dx] }) {
    const { batch, length } = sizesOf(p!);
    const quads = quadsOf(p!.shape);
    return [
      {
        shader: backwardShader,
        params: { batch: u32(batch), length: u32(length), quads: u32(quads) },
        bindings: [read(p!), read(dp!), write(dx!)],
        workgroups: gridOf(batch * quads),
      },
    ];
  },
};
