import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { multiply } from "../../src/ops/multiply.ts";
import { describeOp, normals, numbers } from "../support/op.ts";

describeOp("multiply", [
  {
    name: "two matrices",
    feeds: { a: normals([4, 8], 1), b: normals([4, 8], 2) },
    apply: ({ a, b }) => multiply(a!, b!),
  },
  {
    name: "width not a multiple of 4",
    feeds: { a: normals([2, 3, 5], 1), b: normals([2, 3, 5], 2) },
    apply: ({ a, b }) => multiply(a!, b!),
  },
  {
    name: "zeros and signs",
    feeds: { a: numbers([2, 2], [0, -1, 2, 0]), b: numbers([2, 2], [3, -4, -5, 0]) },
    apply: ({ a, b }) => multiply(a!, b!),
  },
  { name: "a value and itself", feeds: { a: normals([3, 4]) }, apply: ({ a }) => multiply(a!, a!) },
  {
    name: "more rows than one grid dimension",
    feeds: { a: normals([4_194_305, 1], 1), b: normals([4_194_305, 1], 2) },
    apply: ({ a, b }) => multiply(a!, b!),
    differentiate: [],
  },
]);

test("values of two shapes are refused with both", () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", "f32", [2, 3]), graph.input("b", "f32", [3, 2])];
  expect(() => multiply(a, b)).toThrow("multiply: expected equal shapes of rank 2 at least, got a [2, 3], b [3, 2]");
});
