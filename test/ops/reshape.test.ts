import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { reshape } from "../../src/ops/reshape.ts";
import { describeOp, integers, normals } from "../support/op.ts";

describeOp("reshape", [
  { name: "one more dimension", feeds: { x: normals([6, 5]) }, apply: ({ x }) => reshape(x!, [6, 1, 5]) },
  { name: "one fewer dimension", feeds: { x: normals([2, 3, 4]) }, apply: ({ x }) => reshape(x!, [6, 4]) },
  { name: "rows cut into shorter ones", feeds: { x: normals([5, 24]) }, apply: ({ x }) => reshape(x!, [5, 3, 8]) },
  {
    name: "rows cut where padding comes between",
    feeds: { x: normals([4, 15]) },
    apply: ({ x }) => reshape(x!, [4, 3, 5]),
  },
  { name: "rows joined across padding", feeds: { x: normals([3, 6, 7]) }, apply: ({ x }) => reshape(x!, [3, 42]) },
  {
    name: "ids, whose rows have no padding",
    feeds: {
      x: integers(
        [4, 3],
        Array.from({ length: 12 }, (_, i) => i),
      ),
    },
    apply: ({ x }) => reshape(x!, [2, 6]),
  },
]);

test("another number of elements is refused", () => {
  const x = new Graph().input("x", "f32", [4, 6]);
  expect(() => reshape(x, [6, 5])).toThrow(
    "reshape: expected as many elements and rank 2 or more, got from [4, 6], to [6, 5]",
  );
});
