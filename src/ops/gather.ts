import shader from "../../shaders/gather.wgsl";
import { gridOf, type KernelTarget, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount, rowPitch, type Shape } from "../graph/shape.ts";
import * as reference from "../reference/gather.ts";

/**
 * Looks rows up in a table. Id 0 is padding: its row is zero whatever the table holds, and it receives no gradient.
 * The gradient of the table is given by rows, never as a dense array.
 * @param table `[V + 1, d]`
 * @param ids u32 `[...]`, each at most V
 * @returns `[..., d]`
 */
export function gather(table: Value, ids: Value): Value {
  const fits = table.type === "f32" && table.shape.length === 2 && ids.type === "u32" && ids.shape.length >= 1;
  requireShapes(fits, "gather", "a table [V + 1, d] and u32 ids [...]", { table: table.shape, ids: ids.shape });
  return table.graph.apply(gatherOp, [table, ids], undefined)[0]!;
}

/** How kernels that move rows share them out: a whole row to an invocation on a CPU, one vec4 on a GPU. */
export function rowLanes(shape: Shape, target: KernelTarget) {
  const quads = rowPitch(shape, "f32") / 4;
  const lanes = target.software ? 1 : quads;
  const rows = rowCount(shape);
  return {
    params: { rows: u32(rows), quads: u32(quads), lanes: u32(lanes), span: u32(quads / lanes) },
    workgroups: gridOf(rows * lanes),
  };
}

const gatherOp: Op<undefined> = {
  name: "gather",
  outputs: ([table, ids]) => [{ shape: [...ids!.shape, lastDimension(table!.shape)] }],
  gradient: ({ inputs: [, ids] }, [rows]) => [{ parts: [{ ids: ids!, rows: rows! }] }, null],
  reference: ([table, ids]) => [
    reference.gather(table!.data as Float64Array, ids!.data as Uint32Array, lastDimension(table!.shape)),
  ],
  kernels: ({ inputs: [table, ids], outputs: [out] }, target) => [
    { shader, bindings: [read(table!), read(ids!), write(out!)], ...rowLanes(out!.shape, target) },
  ],
};
