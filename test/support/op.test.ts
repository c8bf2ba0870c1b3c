import { expect, test } from "vitest";
import { expectClose } from "./op.ts";

test("a result that is no number fails wherever it stands", () => {
  for (const [place, got] of [
    [0, [Number.NaN, 1, 2]],
    [2, [0, 1, Number.NaN]],
  ] as const) {
    expect(() => expectClose("x", got, [0, 1, 2], 1e-5)).toThrow(`x: worst at ${place}: got NaN`);
  }
  expect(() => expectClose("x", [0, 1], [Number.NaN, 1], 1e-5)).toThrow("x: worst at 0: got 0, want NaN");
});

test("the worst place is named, relative to the largest magnitude", () => {
  expectClose("x", [1000.009, 0.001], [1000, 0], 1e-5);
  expect(() => expectClose("x", [1000, 0.1], [1000, 0], 1e-5)).toThrow("x: worst at 1: got 0.1, want 0, error 0.0001");
});
