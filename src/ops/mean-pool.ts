import shader from "../../shaders/mean_pool.wgsl";
import backwardShader from "../../shaders/mean_pool_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowPitch, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/mean-pool.ts";

/**
 * The mean of each user's rows.
 * @param rows `[batch, length, d]`
 * @param lengths u32 `[batch]`, how many of the first rows of each user are real
 * @returns `[batch, d]`, 0 for users with no rows
 */
export function meanPool(rows: Value, lengths: Value): Value {
  const fits = rows.shape.length === 3 && sameShape(lengths.shape, [rows.shape[0]!]);
  const expected = "rows [batch, length, d] and lengths [batch]";
  requireShapes(fits, "meanPool", expected, { rows: rows.shape, lengths: lengths.shape });
  return rows.graph.apply(meanPoolOp, [rows, lengths], undefined)[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;
const counts = (tensor: Tensor) => tensor.data as Uint32Array;

function params(rows: Value) {
  const quads = rowPitch(rows.shape, "f32") / 4;
  return { batch: u32(rows.shape[0]!), length: u32(rows.shape[1]!), quads: u32(quads) };
}

const meanPoolOp: Op<undefined> = {
  name: "meanPool",
  outputs: ([rows]) => [{ shape: [rows!.shape[0]!, lastDimension(rows!.shape)] }],
  gradient: ({ inputs: [rows, lengths] }, [upstream]) => [
    upstream!.graph.apply(meanPoolBackwardOp, [upstream!, lengths!], { length: rows!.shape[1]! })[0]!,
    null,
  ],
  reference: ([rows, lengths]) => [
    reference.meanPool(data(rows!), counts(lengths!), rows!.shape[1]!, lastDimension(rows!.shape)),
  ],
  kernels({ inputs: [rows, lengths], outputs: [mean] }) {
    const invocations = rows!.shape[0]! * (rowPitch(rows!.shape, "f32") / 4);
    const bindings = [read(rows!), read(lengths!), write(mean!)];
    return [{ shader, params: params(rows!), bindings, workgroups: gridOf(invocations) }];
  },
};

const meanPoolBackwardOp: Op<{ readonly length: number }> = {
  name: "meanPoolBackward",
  outputs: ([upstream], { length }) => [{ shape: [upstream!.shape[0]!, length, lastDimension(upstream!.shape)] }],
  reference: ([upstream, lengths], { length }) => [
    reference.meanPoolBackward(data(upstream!), counts(lengths!), length, lastDimension(upstream!.shape)),
  ],
  kernels({ inputs: [upstream, lengths], outputs: [gradient] }) {
    const [batch, length] = gradient!.shape as [number, number];
    const invocations = batch * length * (rowPitch(gradient!.shape, "f32") / 4);
    const bindings = [read(upstream!), read(lengths!), write(gradient!)];
    return [{ shader: backwardShader, params: params(gradient!), bindings, workgroups: gridOf(invocations) }];
  },
};
