import { fail } from "../errors.ts";

/** Sizes from the outermost to the innermost dimension; `[]` is a scalar. */
export type Shape = readonly number[];

/**
 * `f32` values are rounded to single precision on a GPU and kept in double precision by the interpreter. `f16` is how a table
 * may be stored, two numbers to 32 bits; nothing is computed in it.
 */
export type DataType = "f32" | "u32" | "f16";

/** How numbers are stored. */
export type Precision = Exclude<DataType, "u32">;

/** Bytes of one element in a device buffer. */
export const elementBytes = (type: DataType): number => (type === "f16" ? 2 : 4);

export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function lastDimension(shape: Shape): number {
  return shape.at(-1) ?? 1;
}

/** How many rows of the last dimension there are. */
export function rowCount(shape: Shape): number {
  return elementCount(shape.slice(0, -1));
}

/**
 * Elements from one row to the next in a device buffer. Rows of numbers of rank 2 and more are padded with zeros to a
 * multiple of four, so that every kernel can read them as `vec4f`, or as `vec2u` of four halves.
 */
export function rowPitch(shape: Shape, type: DataType): number {
  const last = lastDimension(shape);
  return type !== "u32" && shape.length >= 2 ? Math.ceil(last / 4) * 4 : last;
}

export function bufferElements(shape: Shape, type: DataType): number {
  return rowCount(shape) * rowPitch(shape, type);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Copies rows between a dense array and one whose rows start every `pitch` elements. */
export function copyRows<T extends Float32Array | Uint32Array>(
  from: ArrayLike<number>,
  fromPitch: number,
  to: T,
  toPitch: number,
  rows: number,
  width: number,
): T {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) to[row * toPitch + column] = from[row * fromPitch + column]!;
  }
  return to;
}

/** Fails with all shapes unless `condition` holds. */
export function requireShapes(condition: boolean, op: string, expected: string, got: Record<string, Shape>): void {
  if (condition) return;
  const shapes = Object.entries(got).map(([name, shape]) => `${name} ${formatShape(shape)}`);
  fail(`${op}: expected ${expected}, got ${shapes.join(", ")}`);
}
