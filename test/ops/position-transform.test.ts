import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { positionTransform } from "../../src/ops/position-transform.ts";
import { positionTransform as reference } from "../../src/reference/position-transform.ts";
import { describeOp, normals, type OpCase } from "../support/op.ts";

test("each place of a history has a map of its own", () => {
  const x = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const w = Float64Array.of(1, 0, 0, 1, 0, 10, 10, 0);
  const y = reference(x, w, { batch: 2, length: 2, inner: 2, columns: 2 });
  expect([...y]).toEqual([1, 2, 40, 30, 5, 6, 80, 70]);
});

test("weights for another length are refused with both shapes", () => {
  const graph = new Graph();
  const [x, weights] = [graph.input("x", "f32", [2, 3, 4]), graph.input("weights", "f32", [5, 4, 8])];
  expect(() => positionTransform(x, weights)).toThrow("got x [2, 3, 4], weights [5, 4, 8]");
});

type Size = [name: string, batch: number, length: number, inner: number, columns: number];

const sizes: Size[] = [
  ["one of each", 1, 1, 1, 1],
  ["one place", 9, 1, 8, 12],
  ["one user", 1, 5, 4, 8],
  ["widths not a multiple of 4", 6, 3, 5, 7],
  ["one user more than a tile", 33, 4, 12, 20],
  ["more columns than a tile", 5, 3, 8, 70],
  ["more inner columns than a tile", 4, 2, 70, 8],
];

const caseOf = ([name, batch, length, inner, columns]: Size): OpCase => ({
  name,
  feeds: { x: normals([batch, length, inner], 1), weights: normals([length, inner, columns], 2) },
  apply: ({ x, weights }) => positionTransform(x!, weights!),
});

// Their gradients, products of the same kind, are those of the cases above.
const large: Size[] = [
  ["large tiles on a GPU", 130, 6, 64, 136],
  ["many places", 2, 300, 4, 900],
];

describeOp("positionTransform", [
  ...sizes.map(caseOf),
  ...large.map((size): OpCase => ({ ...caseOf(size), differentiate: [] })),
  // Only the sum over users is in parts, and only its kernels run over 4,096 of them.
  { ...caseOf(["a sum over users in parts", 4200, 2, 4, 4]), differentiate: ["weights"] },
]);
