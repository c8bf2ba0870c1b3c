import { type Builder, upTo } from "./builder.ts";
import { dataTypes } from "./types.ts";

/** What no score is below; a mask of it instead of infinity leaves no NaN behind. */
export const lowest = -1e30;

export const toFloat = (b: Builder, x: string) => b.apply("Cast", [x], { to: dataTypes.f32 });
export const toInt = (b: Builder, x: string) => b.apply("Cast", [x], { to: dataTypes.int64 });
export const unsqueeze = (b: Builder, x: string, axis: number) => b.apply("Unsqueeze", [x, b.ints([axis])]);
export const transpose = (b: Builder, x: string, perm: readonly number[]) => b.apply("Transpose", [x], { perm });

/** Sums over an axis; it stays with size 1 if `keep`. */
export const sum = (b: Builder, x: string, axis: number, keep = false) =>
  b.apply("ReduceSum", [x, b.ints([axis])], { keepdims: keep ? 1 : 0 });

/** The product of w^T `[batch, K, length]`, given w `[batch, length, K]`, and `[batch, length, d]`. */
export const sumsBy = (b: Builder, w: string, rows: string) => b.apply("MatMul", [transpose(b, w, [0, 2, 1]), rows]);

/** Which of the first `count` places are below a count: bools `[..., count]` for counts `[...]`. */
export const below = (b: Builder, counts: string, count: number) =>
  b.apply("Less", [b.ints(upTo(count)), unsqueeze(b, counts, -1)]);

/** The softmax along an axis over what is allowed; 0 for the rest, and where nothing is. */
export function softmaxOf(b: Builder, x: string, allowed: string, axis: number): string {
  const softmax = b.apply("Softmax", [b.apply("Where", [allowed, x, b.float(lowest)])], { axis });
  return b.apply("Mul", [softmax, toFloat(b, allowed)]);
}

/** |x|^2 of each row, the last size kept as 1. */
export const squaredNorm = (b: Builder, x: string) => sum(b, b.apply("Mul", [x, x]), -1, true);

/** A squared length that is less counts as zero. */
const leastNorm2 = 1e-30;

/** 1 / n of n^2, and 0 for what counts as zero. */
export function inverseLength(b: Builder, norm2: string): string {
  const root = b.apply("Sqrt", [b.apply("Max", [norm2, b.float(leastNorm2)])]);
  const isThere = toFloat(b, b.apply("Greater", [norm2, b.float(leastNorm2)]));
  return b.apply("Div", [isThere, root]);
}

/** What a capsule of squared length n^2 is multiplied by, as in the reference of squash. */
export function squashFactor(b: Builder, norm2: string, power: number): string {
  const share = () => b.apply("Div", [norm2, b.apply("Add", [norm2, b.float(1)])]);
  if (power === 1) return b.apply("Div", [share(), b.apply("Sqrt", [b.apply("Add", [norm2, b.float(1e-9)])])]);
  const inverse = inverseLength(b, norm2);
  return power === 0 ? inverse : b.apply("Mul", [b.apply("Pow", [share(), b.float(power)]), inverse]);
}

export const squashed = (b: Builder, z: string, power: number) =>
  b.apply("Mul", [z, squashFactor(b, squaredNorm(b, z), power)]);
