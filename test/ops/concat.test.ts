import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { concat } from "../../src/ops/concat.ts";
import { describeOp, normals } from "../support/op.ts";

describeOp("concat", [
  {
    name: "rows side by side",
    feeds: { a: normals([5, 8], 1), b: normals([5, 4], 2) },
    apply: ({ a, b }) => concat(a!, b!),
  },
  {
    name: "widths not multiples of 4",
    feeds: { a: normals([3, 5], 1), b: normals([3, 1], 2) },
    apply: ({ a, b }) => concat(a!, b!),
  },
  {
    name: "one profile for all interests of a user",
    feeds: { a: normals([3, 4, 6], 1), b: normals([3, 7], 2) },
    apply: ({ a, b }) => concat(a!, b!),
  },
]);

test("rows that do not match are refused", () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", "f32", [4, 3, 2]), graph.input("b", "f32", [3, 2])];
  expect(() => concat(a, b)).toThrow(
    "concat: expected a [..., p] and b [..., q], or b without the second-last dimension of a, got a [4, 3, 2], b [3, 2]",
  );
});
