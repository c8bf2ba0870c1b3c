import shader from "../../shaders/reshape.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Value } from "../graph/graph.ts";
import { bufferElements, elementCount, lastDimension, requireShapes, type Shape } from "../graph/shape.ts";
import { reshape as reference } from "../reference/reshape.ts";

/** The same elements under another shape of rank 2 or more, with the same last dimension. */
export function reshape(x: Value, shape: Shape): Value {
  const fits = elementCount(x.shape) === elementCount(shape) && lastDimension(x.shape) === lastDimension(shape);
  const expected = "as many elements and the same last dimension";
  requireShapes(fits && x.shape.length >= 2 && shape.length >= 2, "reshape", expected, { from: x.shape, to: shape });
  return x.graph.apply(reshapeOp, [x], shape)[0]!;
}

const reshapeOp: Op<Shape> = {
  name: "reshape",
  outputs: ([x], shape) => [{ shape, type: x!.type }],
  gradient: ({ inputs: [x] }, [upstream]) => [reshape(upstream!, x!.shape)],
  reference: ([x]) => [reference(x!.data)],
  kernels({ inputs: [x], outputs: [y] }) {
    const count = bufferElements(x!.shape, x!.type);
    return [{ shader, params: { count: u32(count) }, bindings: [read(x!), write(y!)], workgroups: gridOf(count) }];
  },
};
