import { expect, test } from "vitest";
import { maskedSoftmax } from "../../src/ops/masked-softmax.ts";
import { maskedSoftmax as reference } from "../../src/reference/masked-softmax.ts";
import { describeOp, type Feed, integers, normals, numbers } from "../support/op.ts";

test("elements beyond the length take no part", () => {
  expect([...reference(Float64Array.of(1, 1, 50, 0), Uint32Array.of(2), 4)]).toEqual([0.5, 0.5, 0, 0]);
});

const cases: [string, Feed, number[]][] = [
  ["full and short rows", normals([4, 8]), [8, 3, 5, 1]],
  ["a row with nothing valid", normals([2, 4]), [0, 4]],
  ["width not a multiple of 4", normals([3, 7]), [7, 2, 6]],
  ["overflow", numbers([1, 2], [100, 100]), [2]],
  ["both ends", numbers([1, 3], [-1000, 0, 1000]), [3]],
  ["all equal", numbers([1, 5], [3, 3, 3, 3, 3]), [5]],
  ["three dimensions", normals([2, 3, 6]), [6, 0, 1, 2, 3, 4]],
];

describeOp(
  "maskedSoftmax",
  cases.map(([name, x, lengths]) => ({
    name,
    feeds: { x, lengths: integers(x.shape.slice(0, -1), lengths) },
    apply: ({ x: values, lengths: counts }) => maskedSoftmax(values!, counts!),
  })),
);
