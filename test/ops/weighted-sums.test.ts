import { expect, test } from "vitest";
import { weightedSums } from "../../src/ops/weighted-sums.ts";
import { weightedSums as reference } from "../../src/reference/weighted-sums.ts";
import { describeOp, normals, type OpCase } from "../support/op.ts";

test("adds the behaviours up with the weights of each interest", () => {
  const w = Float64Array.of(1, 0, 2, 3);
  const e = Float64Array.of(1, 10, 2, 20);
  expect([...reference(w, e, { batch: 1, length: 2, interests: 2, d: 2 })]).toEqual([5, 50, 6, 60]);
});

const cases: [string, number, number, number, number][] = [
  ["widths that are multiples of 4", 3, 5, 4, 8],
  ["widths that are not", 2, 3, 3, 5],
  ["one of each", 1, 1, 1, 1],
  ["more interests than a quad", 2, 4, 9, 12],
  ["many users", 70, 3, 2, 16],
];

describeOp(
  "weightedSums",
  cases.map(
    ([name, batch, length, interests, d]): OpCase => ({
      name,
      feeds: { weights: normals([batch, length, interests], 1), rows: normals([batch, length, d], 2) },
      apply: ({ weights, rows }) => weightedSums(weights!, rows!),
    }),
  ),
);
