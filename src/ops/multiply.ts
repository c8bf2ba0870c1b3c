import shader from "../../shaders/multiply.wgsl";
import backwardShader from "../../shaders/multiply_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { bufferElements, requireShapes, sameShape } from "../graph/shape.ts";
import { multiply as reference } from "../reference/multiply.ts";

/** The product of two values of one shape `[..., n]`, of rank 2 at least, element by element. */
export function multiply(a: Value, b: Value): Value {
  const fits = a.shape.length >= 2 && sameShape(a.shape, b.shape);
  requireShapes(fits, "multiply", "equal shapes of rank 2 at least", { a: a.shape, b: b.shape });
  return a.graph.apply(multiplyOp, [a, b], undefined)[0]!;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
/** Rows are padded to whole vec4. */
const quadsOf = ({ shape }: Value) => bufferElements(shape, "f32") / 4;

const multiplyOp: Op<undefined> = {
  name: "multiply",
  outputs: ([a]) => [{ shape: a!.shape }],
  gradient: ({ inputs: [a, b] }, [upstream]) =>
    upstream!.graph.apply(multiplyBackwardOp, [upstream!, a!, b!], undefined),
  reference: ([a, b]) => [reference(data(a), data(b))],
  kernels({ inputs, outputs: [product] }) {
    const count = quadsOf(product!);
    const bindings = [...inputs.map(read), write(product!)];
    return [{ shader, params: { count: u32(count) }, bindings, workgroups: gridOf(count) }];
  },
};

const multiplyBackwardOp: Op<undefined> = {
  name: "multiplyBackward",
  outputs: ([upstream]) => [{ shape: upstream!.shape }, { shape: upstream!.shape }],
  reference: ([upstream, a, b]) => [reference(data(upstream), data(b)), reference(data(upstream), data(a))],
  kernels({ inputs, outputs }) {
    const count = quadsOf(inputs[0]!);
    const bindings = [...inputs.map(read), ...outputs.map(write)];
    return [{ shader: backwardShader, params: { count: u32(count) }, bindings, workgroups: gridOf(count) }];
  },
};
