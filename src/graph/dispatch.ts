import type { Value } from "./graph.ts";

/** A `.wgsl` file: its stem and its text. */
export interface Shader {
  readonly name: string;
  readonly code: string;
}

/** One member of a kernel's uniform `Params` struct. */
export interface Scalar {
  readonly type: "u32" | "f32";
  readonly value: number;
}

export interface Binding {
  readonly value: Value;
  readonly access: "read" | "write";
  /** The bytes that the kernel sees; default: the whole value. */
  readonly part?: { readonly offset: number; readonly bytes: number };
}

/**
 * One kernel launch as data. `@binding(0)` is the uniform `params`, whose members are `params` in this order; the storage
 * bindings follow from `@binding(1)`. A kernel without params starts at `@binding(1)` all the same.
 */
export interface Dispatch {
  readonly shader: Shader;
  readonly params: Readonly<Record<string, Scalar>>;
  readonly bindings: readonly Binding[];
  /** Values of the shader's `override` declarations. */
  readonly constants?: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
}

/** What a kernel may use on the adapter at hand. */
export interface KernelTarget {
  /** True for lavapipe and SwiftShader, whose laws of speed are the opposite of a GPU's. */
  readonly software: boolean;
  /** Invocations of a subgroup where the adapter has subgroups of one size only, else 0. */
  readonly subgroupSize: number;
  readonly workgroupStorageBytes: number;
  /** Most storage buffers that a kernel may bind; 8 on every adapter, often more. */
  readonly storageBuffers: number;
  /** Most bytes of a table that a kernel sees at once; it goes through a larger one window by window. */
  readonly tableWindowBytes: number;
  /** Whether anyone reads the value; an op need not write an output that nobody reads. */
  isUsed(value: Value): boolean;
}

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
