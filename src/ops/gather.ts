import shader from "../../shaders/gather.wgsl";
import twoShader from "../../shaders/gather_two.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, KernelTarget, Op, Value } from "../graph/graph.ts";
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
  return gatherEach(table, [ids])[0]!;
}

/** {@link gather} for several lists of ids; two of them take one launch. */
export function gatherEach(table: Value, lists: readonly Value[]): readonly Value[] {
  for (const ids of lists) {
    const fits = table.type !== "u32" && table.shape.length === 2 && ids.type === "u32" && ids.shape.length >= 1;
    requireShapes(fits, "gather", "a table [V + 1, d] and u32 ids [...]", { table: table.shape, ids: ids.shape });
  }
  return table.graph.apply(gatherOp, [table, ...lists], undefined);
}

/** The table and the ids that a value was gathered from. */
export function gatheredFrom(value: Value): { readonly table: Value; readonly ids: Value } | undefined {
  const { node } = value;
  if (node?.op !== gatherOp) return undefined;
  return { table: node.inputs[0]!, ids: node.inputs[1 + node.outputs.indexOf(value)]! };
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

/** The ids and the rows of one list. */
interface List {
  readonly ids: Value;
  readonly out: Value;
}

/** The launches that look up the rows of two lists, each of which one binding shows. */
function twoDispatches(table: Value, lists: readonly [List, List], target: KernelTarget): Dispatch[] {
  const counts = lists.map(({ out }) => rowCount(out.shape)) as [number, number];
  const { params, workgroups } = rowLanes(lists[0].out.shape, target, counts[0] + counts[1]);
  return rowWindows(table, target).map((window) => ({
    shader: twoShader,
    constants: halfOf(table),
    params: { ...params, firstRows: u32(counts[0]), first: u32(window.first), count: u32(window.count) },
    bindings: [
      inWindow(read(table), window),
      ...lists.map(({ ids }) => read(ids)),
      ...lists.map(({ out }) => write(out)),
    ],
    workgroups,
  }));
}

const gatherOp: Op<undefined> = {
  name: "gather",
  halves: [0],
  outputs: ([table, ...lists]) => lists.map((ids) => ({ shape: [...ids.shape, lastDimension(table!.shape)] })),
  gradient: ({ inputs: [, ...lists] }, upstream) => [
    { parts: lists.flatMap((ids, i) => (upstream[i] ? [{ ids, rows: upstream[i] }] : [])) },
    ...lists.map(() => null),
  ],
  reference: ([table, ...lists]) =>
    lists.map((ids) =>
      reference.gather(table!.data as Float64Array, ids.data as Uint32Array, lastDimension(table!.shape)),
    ),
  kernels({ inputs: [table, ...lists], outputs }, target) {
    const used = outputs.map((out, i) => ({ out, ids: lists[i]! })).filter(({ out }) => target.isUsed(out));
    const pairs = used.every(({ out }) => isShownWhole(out, target)) ? Math.floor(used.length / 2) : 0;
    return [
      ...Array.from({ length: pairs }, (_, i) => [used[2 * i]!, used[2 * i + 1]!] as const).flatMap((two) =>
        twoDispatches(table!, two, target),
      ),
      ...used.slice(2 * pairs).flatMap(({ ids, out }) => gatherDispatches(table!, ids, out, target)),
    ];
  },
};
