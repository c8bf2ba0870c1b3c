import type { Binding, KernelTarget, Value } from "./graph.ts";
import { elementBytes, rowCount, rowPitch } from "./shape.ts";

/** Consecutive rows of a value, no more than one binding may show. */
export interface RowWindow {
  readonly first: number;
  readonly count: number;
}

/** 64 rows of any value are a multiple of 256 bytes, and at those a binding may start on every adapter. */
const rowStep = 64;

/** The rows of a value in windows that a kernel can bind one after another; one with all rows in the usual case. */
export function rowWindows(
  { shape, type }: Pick<Value, "shape" | "type">,
  { tableWindowBytes }: Pick<KernelTarget, "tableWindowBytes">,
): readonly RowWindow[] {
  const rows = rowCount(shape);
  const rowBytes = rowPitch(shape, type) * elementBytes(type);
  if (rows * rowBytes <= tableWindowBytes) return [{ first: 0, count: rows }];
  const size = Math.max(1, Math.floor(tableWindowBytes / (rowBytes * rowStep))) * rowStep;
  return Array.from({ length: Math.ceil(rows / size) }, (_, w) => ({
    first: w * size,
    count: Math.min(size, rows - w * size),
  }));
}

/** A binding that shows the rows of a window alone; `pitch` elements lie between the starts of two rows. */
export function inWindow(
  binding: Binding,
  { first, count }: RowWindow,
  pitch = rowPitch(binding.value.shape, binding.value.type),
): Binding {
  const rowBytes = pitch * elementBytes(binding.value.type);
  return { ...binding, part: { offset: first * rowBytes, bytes: count * rowBytes } };
}
