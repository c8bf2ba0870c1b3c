import { expect, test } from "vitest";
import { disagreement } from "../../src/graph/agreement.ts";

const floats = (...values: number[]) => Float32Array.from(values);

test("float32 results agree within 1e-4 of the largest magnitude, however small that is", () => {
  expect(disagreement(floats(1000, 1), Float64Array.of(1000.09, 1))).toBeUndefined();
  expect(disagreement(floats(1000, 1.2), Float64Array.of(1000, 1))).toMatch(/^off by 2\.0e-4/);
  expect(disagreement(floats(1e-9, 0), Float64Array.of(1e-9, 1e-12))).toMatch(/^off by 1\.0e-3/);
  expect(disagreement(floats(0, 0), Float64Array.of(0, 0))).toBeUndefined();
});

test("what is no number never agrees, wherever it stands", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(disagreement(floats(bad, 1, 2), Float64Array.of(0, 1, 2))).toBe(`element 0 is ${bad}, not 0`);
    expect(disagreement(floats(0, 1, bad), Float64Array.of(0, 1, 2))).toBe(`element 2 is ${bad}, not 2`);
  }
});

test("u32 results may differ in one of a thousand, where a close call fell the other way", () => {
  const want = Uint32Array.from({ length: 2000 }, (_, i) => i % 4);
  expect(disagreement(want.with(7, 9).with(8, 9), want)).toBeUndefined();
  expect(disagreement(want.with(7, 9).with(8, 9).with(9, 9), want)).toBe("3 of 2000 elements differ");
});
