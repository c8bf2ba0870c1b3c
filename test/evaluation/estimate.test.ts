import { expect, test } from "vitest";
import { estimate } from "../../src/evaluation/estimate.ts";

test("mean and deviation over seeds are those of a sample", () => {
  // Deviations from 0.3: -0.1, 0, 0.1; squares 0.02 over n - 1 = 2.
  const three = estimate([0.2, 0.3, 0.4])!;
  expect(three.mean).toBeCloseTo(0.3, 12);
  expect(three.deviation).toBeCloseTo(0.1, 12);
  expect(three.runs).toBe(3);
  expect(estimate([1, 3])).toEqual({ mean: 2, deviation: Math.SQRT2, runs: 2 });
});

test("one run has no deviation, and none has no mean", () => {
  expect(estimate([0.25])).toEqual({ mean: 0.25, deviation: null, runs: 1 });
  expect(estimate([])).toBeNull();
});

test("a number that a run does not have has no mean", () => {
  expect(estimate([null, null])).toBeNull();
  expect(estimate([0.5, null])).toBeNull();
});
