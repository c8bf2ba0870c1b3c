import { expect, test } from "vitest";
import { pairDot } from "../../src/ops/pair-dot.ts";
import { pairDot as reference } from "../../src/reference/pair-dot.ts";
import { describeOp, normals, type OpCase } from "../support/op.ts";

test("each row meets the same row of the other side", () => {
  expect([...reference(Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6, 7, 8), 2)]).toEqual([17, 53]);
});

const of = (name: string, shape: readonly number[]): OpCase => ({
  name,
  feeds: { a: normals(shape, 1), b: normals(shape, 2) },
  apply: ({ a, b }) => pairDot(a!, b!),
});

describeOp("pairDot", [
  of("5 rows of 8", [5, 8]),
  of("one row of one", [1, 1]),
  of("width not a multiple of 4", [130, 7]),
  of("rank 3, where the result has padded rows", [3, 5, 6]),
]);
