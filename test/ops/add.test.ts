import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { add } from "../../src/ops/add.ts";
import { describeOp, normals, numbers } from "../support/op.ts";

describeOp("add", [
  { name: "two matrices", feeds: { a: normals([4, 8], 1), b: normals([4, 8], 2) }, apply: ({ a, b }) => add(a!, b!) },
  {
    name: "width not a multiple of 4",
    feeds: { a: normals([2, 3, 5], 1), b: normals([2, 3, 5], 2) },
    apply: ({ a, b }) => add(a!, b!),
  },
  { name: "vectors", feeds: { a: normals([7], 1), b: normals([7], 2) }, apply: ({ a, b }) => add(a!, b!) },
  { name: "scalars", feeds: { a: numbers([], [1]), b: numbers([], [2]) }, apply: ({ a, b }) => add(a!, b!) },
  { name: "a value and itself", feeds: { a: normals([3, 4]) }, apply: ({ a }) => add(a!, a!) },
  {
    name: "more elements than one grid dimension",
    feeds: { a: normals([4_194_305], 1), b: normals([4_194_305], 2) },
    apply: ({ a, b }) => add(a!, b!),
    differentiate: [],
  },
]);

test("values of two shapes are refused with both", () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", "f32", [2, 3]), graph.input("b", "f32", [3, 2])];
  expect(() => add(a, b)).toThrow("add: expected equal shapes, got a [2, 3], b [3, 2]");
});
