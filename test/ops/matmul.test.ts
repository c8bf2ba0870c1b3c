import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { matmul as reference } from "../../src/reference/matmul.ts";
import { describeOp, normals, type OpCase } from "../support/op.ts";

test("the reference multiplies matrices", () => {
  expect([...reference(Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6, 7, 8), 2, 2, 2)]).toEqual([19, 22, 43, 50]);
});

test("factors that do not fit are refused with both shapes", () => {
  const graph = new Graph();
  expect(() => matmul(graph.input("a", "f32", [2, 3]), graph.input("b", "f32", [4, 5]))).toThrow(
    "matmul: expected a [..., inner] and b [inner, columns], got a [2, 3], b [4, 5]",
  );
});

const shapes: [string, number, number, number][] = [
  ["one element", 1, 1, 1],
  ["a small tile exactly", 4, 4, 4],
  ["every tile exactly", 64, 64, 64],
  ["no size a multiple of 4", 7, 5, 3],
  ["one row", 1, 9, 17],
  ["one row, a few tiles wide", 1, 64, 130],
  ["one more than a tile either way", 65, 17, 33],
  ["one column", 13, 6, 1],
  ["a long sum", 3, 1000, 2],
  ["many rows", 700, 8, 12],
];

/** The three products of one shape. */
const products = (name: string, rows: number, inner: number, columns: number): OpCase[] => [
  {
    name: `a b, ${name}`,
    feeds: { a: normals([rows, inner], 1), b: normals([inner, columns], 2) },
    apply: ({ a, b }) => matmul(a!, b!),
  },
  {
    name: `a b^T, ${name}`,
    feeds: { a: normals([rows, inner], 1), b: normals([columns, inner], 2) },
    apply: ({ a, b }) => matmul(a!, b!, { transposeB: true }),
  },
  {
    name: `a^T b, ${name}`,
    feeds: { a: normals([inner, rows], 1), b: normals([inner, columns], 2) },
    apply: ({ a, b }) => matmul(a!, b!, { transposeA: true }),
  },
];

describeOp(
  "matmul",
  shapes.flatMap((shape) => products(...shape)),
);

// Too much for central differences, and the gradients are such products themselves.
const large: [string, number, number, number][] = [
  ["enough for large tiles on a GPU", 700, 21, 741],
  ["a sum in parts on every adapter", 33, 9000, 70],
];

describeOp(
  "matmul of large factors",
  large.flatMap((shape) => products(...shape)).map((one) => ({ ...one, differentiate: [] })),
);

describeOp(
  "matmul of more rows than a binding shows",
  [...products("wide results", 141, 8, 12).slice(0, 2), ...products("wide factors", 130, 13, 5).slice(0, 2)].map(
    (one) => ({
      ...one,
      tableWindowBytes: 64 * 64,
      differentiate: [],
    }),
  ),
);

describeOp("matmul of more than two dimensions", [
  {
    name: "leading dimensions are rows",
    feeds: { a: normals([2, 3, 5], 1), b: normals([5, 6], 2) },
    apply: ({ a, b }) => matmul(a!, b!),
  },
  {
    name: "a transposed product sums over leading dimensions",
    feeds: { a: normals([2, 3, 5], 1), b: normals([2, 3, 6], 2) },
    apply: ({ a, b }) => matmul(a!, b!, { transposeA: true }),
  },
]);
