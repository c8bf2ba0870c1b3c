import shader from "../../shaders/rows_to_dense.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Binding, Op, RowGradientPart, Scalar, Tensor, Value } from "../graph/graph.ts";
import { elementCount, lastDimension, requireShapes, rowCount, rowPitch, type Shape } from "../graph/shape.ts";
import { inWindow, rowWindows } from "../graph/windows.ts";
import { type RowPart, rowsToDense as reference } from "../reference/rows-to-dense.ts";
import { rowOrder } from "./row-order.ts";

/** How many parts a gradient by rows may have: a kernel binds the buffer of each. */
export const mostParts = 4;

/**
 * Makes a dense gradient of one that is given by rows: sums, for each table row, what its occurrences received, in their order.
 * @param parts up to four; the ids of each are known on the host, its rows are `[..., d]`
 * @param tableRows V + 1
 * @returns `[tableRows, d]`; rows that do not occur, and row 0, are zero
 */
export function rowsToDense(parts: readonly RowGradientPart[], tableRows: number): Value {
  requireParts("rowsToDense", parts);
  const { order, rows, starts, count } = rowOrder(parts.map((part) => part.ids));
  const inputs = [...parts.map((part) => part.rows), order, rows, starts, count];
  return order.graph.apply(rowsToDenseOp, inputs, { tableRows, layout: layoutOf(parts) })[0]!;
}

/** How the occurrences of a gradient are numbered through its parts. */
export interface PartLayout {
  /** Ids in each part. */
  readonly occurrences: readonly number[];
  /** Ids for each row of the part. */
  readonly fans: readonly number[];
}

export function layoutOf(parts: readonly RowGradientPart[]): PartLayout {
  const occurrences = parts.map((part) => elementCount(part.ids.shape));
  return { occurrences, fans: parts.map((part, i) => occurrences[i]! / rowCount(part.rows.shape)) };
}

/** Fails unless there are one to four parts, of one width, whose ids are shared out evenly among their rows. */
export function requireParts(op: string, parts: readonly RowGradientPart[], d?: number): void {
  const width = d ?? (parts[0] ? lastDimension(parts[0].rows.shape) : 0);
  const even = ({ ids, rows }: RowGradientPart) => elementCount(ids.shape) % rowCount(rows.shape) === 0;
  const fits = parts.every(
    (part) => part.rows.shape.length >= 2 && lastDimension(part.rows.shape) === width && even(part),
  );
  const shapes: Record<string, Shape> = {};
  for (const [i, { ids, rows }] of parts.entries())
    Object.assign(shapes, { [`ids ${i}`]: ids.shape, [`rows ${i}`]: rows.shape });
  const expected = `1 to ${mostParts} parts with rows [..., ${width || "d"}] and as many ids, or a multiple, for each row`;
  requireShapes(fits && parts.length >= 1 && parts.length <= mostParts, op, expected, shapes);
}

/** What a kernel needs to number the occurrences, as `Params` and as constants, and the bindings of the parts. */
export function bindParts(
  layout: PartLayout,
  rows: readonly Value[],
): { params: Record<string, Scalar>; constants: Record<string, number>; bindings: Binding[] } {
  const params: Record<string, Scalar> = {};
  const bindings: Binding[] = [];
  let end = 0;
  for (let p = 0; p < mostParts; p++) {
    end += layout.occurrences[p] ?? 0;
    if (p < mostParts - 1) params[`end${p}`] = u32(end);
    bindings.push(read(rows[p] ?? rows[0]!));
  }
  const constants = Object.fromEntries(layout.fans.map((fan, p) => [`fan${p}`, fan]));
  return { params, constants, bindings };
}

/** The parts as the references take them. */
export function referenceParts({ occurrences, fans }: PartLayout, rows: readonly Tensor[]): RowPart[] {
  return occurrences.map((size, p) => ({ rows: rows[p]!.data as Float64Array, fan: fans[p]!, occurrences: size }));
}

const rowsToDenseOp: Op<{ readonly tableRows: number; readonly layout: PartLayout }> = {
  name: "rowsToDense",
  outputs: ([rows], { tableRows }) => [{ shape: [tableRows, lastDimension(rows!.shape)] }],
  reference(inputs, { tableRows, layout }) {
    const parts = layout.occurrences.length;
    const [order, touched, starts, count] = inputs.slice(parts).map((tensor) => tensor.data as Uint32Array);
    const d = lastDimension(inputs[0]!.shape);
    return [reference(referenceParts(layout, inputs), order!, touched!, starts!, count![0]!, tableRows, d)];
  },
  kernels({ inputs, outputs: [gradient], attributes: { layout } }, target) {
    const parts = layout.occurrences.length;
    const quads = rowPitch(gradient!.shape, "f32") / 4;
    const { params, constants, bindings } = bindParts(layout, inputs.slice(0, parts));
    return rowWindows(gradient!, target).map((window) => ({
      shader,
      constants,
      params: { first: u32(window.first), count: u32(window.count), quads: u32(quads), ...params },
      bindings: [...bindings, ...inputs.slice(parts).map(read), inWindow(write(gradient!), window)],
      workgroups: gridOf(window.count * quads),
    }));
  },
};
