import shader from "../../shaders/gather.wgsl";
import { type Dispatch, gridOf, type KernelTarget, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount, rowPitch, type Shape } from "../graph/shape.ts";
import { inWindow, rowWindows } from "../graph/windows.ts";
import * as reference from "../reference/gather.ts";

/**
 * Looks rows up in a table. Id 0 is padding: its row is zero whatever the table holds, and it receives no gradient.
 * The gradient of the table is given by rows, never as a dense array.
 * @param table `[V + 1, d]`, of float32 numbers or halves
 * @param ids u32 `[...]`, each at most V
 * @returns `[..., d]`
 */
export function gather(table: Value, ids: Value): Value {
  const fits = table.type !== "u32" && table.shape.length === 2 && ids.type === "u32" && ids.shape.length >= 1;
  requireShapes(fits, "gather", "a table [V + 1, d] and u32 ids [...]", { table: table.shape, ids: ids.shape });
  return table.graph.apply(gatherOp, [table, ids], undefined)[0]!;
}

/** The table and the ids that a value was gathered from. */
export function gatheredFrom({ node }: Value): { readonly table: Value; readonly ids: Value } | undefined {
  return node?.op === gatherOp ? { table: node.inputs[0]!, ids: node.inputs[1]! } : undefined;
}

/** The table and the ids of rows that kernels may look up themselves: those gathered from numbers in float32; else nothing. */
export function lookedUp(rows: Value): readonly Value[] {
  const source = gatheredFrom(rows);
  return source?.table.type === "f32" ? [source.table, source.ids] : [];
}

/** Whether one binding shows the whole table. */
export const isShownWhole = (table: Value, target: KernelTarget): boolean => rowWindows(table, target).length === 1;

/** Tells kernels that look rows up what the table holds. */
export const halfOf = (table: Value) => ({ half: Number(table.type === "f16") });

/** How kernels that move rows share them out: a whole row to an invocation on a CPU, one vec4 on a GPU. */
export function rowLanes(shape: Shape, target: KernelTarget, rows = rowCount(shape)) {
  const quads = rowPitch(shape, "f32") / 4;
  const lanes = target.software ? 1 : quads;
  return {
    params: { rows: u32(rows), quads: u32(quads), lanes: u32(lanes), span: u32(quads / lanes) },
    workgroups: gridOf(rows * lanes),
  };
}

/** The launches of a kernel that writes a row of `out` for each id, with the bindings of both. */
export function lookups(ids: Value, out: Value, target: KernelTarget) {
  return rowWindows(out, target).map((window) => ({
    ...rowLanes(out.shape, target, window.count),
    ids: inWindow(read(ids), window, 1),
    out: inWindow(write(out), window),
  }));
}

/** The launches that look the rows of `out` up in a table. */
export const gatherDispatches = (table: Value, ids: Value, out: Value, target: KernelTarget): Dispatch[] =>
  lookups(ids, out, target).flatMap(({ params, workgroups, ...rows }) =>
    rowWindows(table, target).map((window) => ({
      shader,
      constants: halfOf(table),
      params: { ...params, first: u32(window.first), count: u32(window.count) },
      bindings: [inWindow(read(table), window), rows.ids, rows.out],
      workgroups,
    })),
  );

const gatherOp: Op<undefined> = {
  name: "gather",
  halves: [0],
  outputs: ([table, ids]) => [{ shape: [...ids!.shape, lastDimension(table!.shape)] }],
  gradient: ({ inputs: [, ids] }, [rows]) => [{ parts: [{ ids: ids!, rows: rows! }] }, null],
  reference: ([table, ids]) => [
    reference.gather(table!.data as Float64Array, ids!.data as Uint32Array, lastDimension(table!.shape)),
  ],
  kernels: ({ inputs: [table, ids], outputs: [out] }, target) => gatherDispatches(table!, ids!, out!, target),
};
