import shader from "../../shaders/reshape.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Value } from "../graph/graph.ts";
import { bufferElements, elementCount, lastDimension, requireShapes, rowPitch, type Shape } from "../graph/shape.ts";
import { reshape as reference } from "../reference/reshape.ts";

/** The same elements under another shape of rank 2 or more. */
export function reshape(x: Value, shape: Shape): Value {
  const fits = elementCount(x.shape) === elementCount(shape) && x.shape.length >= 2 && shape.length >= 2;
  requireShapes(fits, "reshape", "as many elements and rank 2 or more", { from: x.shape, to: shape });
  return x.graph.apply(reshapeOp, [x], shape)[0]!;
}

const reshapeOp: Op<Shape> = {
  name: "reshape",
  outputs: ([x], shape) => [{ shape, type: x!.type }],
  gradient: ({ inputs: [x] }, [upstream]) => [reshape(upstream!, x!.shape)],
  reference: ([x]) => [reference(x!.data)],
  kernels({ inputs: [x], outputs: [y] }) {
    const count = bufferElements(y!.shape, y!.type);
    const params = {
      count: u32(count),
      fromWidth: u32(lastDimension(x!.shape)),
      fromPitch: u32(rowPitch(x!.shape, x!.type)),
      toWidth: u32(lastDimension(y!.shape)),
      toPitch: u32(rowPitch(y!.shape, y!.type)),
    };
    return [{ shader, params, bindings: [read(x!), write(y!)], workgroups: gridOf(count) }];
  },
};
