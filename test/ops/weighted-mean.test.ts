import { expect, test } from "vitest";
import { weightedMean } from "../../src/ops/weighted-mean.ts";
import { weightedMean as reference } from "../../src/reference/weighted-mean.ts";
import { describeOp, normals, numbers, type OpCase } from "../support/op.ts";

test("users count by their weights, and nobody's mean is 0", () => {
  expect([...reference(Float64Array.of(1, 5, 9), Float64Array.of(1, 3, 0), 2)]).toEqual([8]);
  expect([...reference(Float64Array.of(1, 5), Float64Array.of(0, 0), 2)]).toEqual([0]);
});

const mean = (name: string, weights: readonly number[], scale?: number): OpCase => ({
  name,
  feeds: { x: normals([weights.length], 1), weights: numbers([weights.length], weights) },
  apply: ({ x, weights: given }) => weightedMean(x!, given!, { scale }),
  differentiate: ["x"],
});

describeOp("weightedMean", [
  mean("5 users", [1, 2, 0, 1, 0.5]),
  mean("scaled", [1, 1, 1], 30),
  mean("one user", [2]),
  mean("all weights zero", [0, 0, 0]),
  mean(
    "more users than a workgroup has invocations",
    Array.from({ length: 259 }, (_, b) => b % 3),
    0.1,
  ),
]);
