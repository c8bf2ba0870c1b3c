import { fail } from "../errors.ts";
import type { Binding, Dispatch, Value } from "../graph/graph.ts";
import { bufferElements, elementBytes, formatShape } from "../graph/shape.ts";

/** Bytes of a value's buffer; no buffer is smaller than a `vec4f`. */
export const bufferBytes = ({ shape, type }: Pick<Value, "shape" | "type">): number =>
  Math.max(16, bufferElements(shape, type) * elementBytes(type));

/** Fails, naming the value, where a kernel must see more of it than one binding of the adapter shows. */
export function requireBindable({ shader, bindings }: Dispatch, limit: number): void {
  for (const binding of bindings) {
    const bytes = binding.part?.bytes ?? bufferBytes(binding.value);
    if (bytes <= limit) continue;
    const { name, shape, role } = binding.value;
    const advice = role === "parameter" ? "table or dimension" : "batch, table or dimension";
    fail(
      `${name} ${formatShape(shape)}: expected at most ${limit} bytes in one binding of this adapter, got ${bytes}; use a smaller ${advice}, since kernel ${shader.name} needs all of them at once`,
    );
  }
}

/** What a binding shows of the buffer of its value, which may be longer than the value. */
export function bindingOf({ value, part }: Binding, buffer: GPUBuffer): GPUBufferBinding {
  return { buffer, offset: part?.offset ?? 0, size: part?.bytes ?? bufferBytes(value) };
}
