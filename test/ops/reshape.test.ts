import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { reshape } from "../../src/ops/reshape.ts";
import { describeOp, normals } from "../support/op.ts";

describeOp("reshape", [
  { name: "one more dimension", feeds: { x: normals([6, 5]) }, apply: ({ x }) => reshape(x!, [6, 1, 5]) },
  { name: "one fewer dimension", feeds: { x: normals([2, 3, 4]) }, apply: ({ x }) => reshape(x!, [6, 4]) },
]);

test("another last dimension is refused", () => {
  const x = new Graph().input("x", "f32", [4, 6]);
  expect(() => reshape(x, [6, 4])).toThrow(
    "reshape: expected as many elements and the same last dimension, got from [4, 6], to [6, 4]",
  );
});
