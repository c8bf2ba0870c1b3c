import { expect, test } from "vitest";
import { inSharedMemory } from "../../src/training/shared-memory.ts";

test("large number arrays move to shared memory, wherever they are; all else stays as it is", () => {
  const large = Uint32Array.from({ length: 1 << 14 }, (_, i) => i);
  const rows = Float32Array.from({ length: 1 << 14 }, (_, i) => i / 3);
  const names = ["", "a", "b"];
  const counts = new Map([["a", 1]]);
  const value = {
    itemCount: 2,
    split: { train: { items: large, offsets: Uint32Array.of(0, 2) } },
    rows,
    names,
    counts,
    none: undefined,
  };
  const moved = inSharedMemory(value);
  expect(moved).toEqual(value);
  for (const array of [moved.split.train.items, moved.rows]) expect(array.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(moved.split.train.offsets).toBe(value.split.train.offsets);
  expect(moved.names).toBe(names);
  expect(moved.counts).toBe(counts);
  expect(inSharedMemory(moved.rows)).toBe(moved.rows);
  expect(large.buffer).toBeInstanceOf(ArrayBuffer);
});
