import shader from "../../shaders/add.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Value } from "../graph/graph.ts";
import { bufferElements, requireShapes, sameShape } from "../graph/shape.ts";
import { add as reference } from "../reference/add.ts";

/** The sum of two values of one shape. */
export function add(a: Value, b: Value): Value {
  requireShapes(sameShape(a.shape, b.shape), "add", "equal shapes", { a: a.shape, b: b.shape });
  return a.graph.apply(addOp, [a, b], undefined)[0]!;
}

const addOp: Op<undefined> = {
  name: "add",
  outputs: ([a]) => [{ shape: a!.shape }],
  gradient: (_, [sum]) => [sum!, sum!],
  reference: ([a, b]) => [reference(a!.data as Float64Array, b!.data as Float64Array)],
  kernels({ inputs: [a, b], outputs: [sum] }) {
    const count = bufferElements(a!.shape, "f32");
    return [
      { shader, params: { count: u32(count) }, bindings: [read(a!), read(b!), write(sum!)], workgroups: gridOf(count) },
    ];
  },
};
