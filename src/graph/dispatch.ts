import type { Binding, Scalar, Value } from "./graph.ts";

export const u32 = (value: number): Scalar => ({ type: "u32", value });
export const f32 = (value: number): Scalar => ({ type: "f32", value });
export const read = (value: Value): Binding => ({ value, access: "read" });
export const write = (value: Value): Binding => ({ value, access: "write" });

/** Workgroups of a one-dimensional launch, folded where they exceed the 65,535 a dimension may have. */
export function gridOf(invocations: number, workgroupSize = 64): readonly [number, number, number] {
  const count = Math.max(1, Math.ceil(invocations / workgroupSize));
  const y = Math.ceil(count / 65535);
  return [Math.ceil(count / y), y, 1];
}

/** Rounds a workgroup array's length up, so that kernels of similar shapes share one pipeline. */
export const roundedLength = (length: number): number => Math.ceil(length / 64) * 64;
