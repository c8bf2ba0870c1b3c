import { inverseNorms } from "../../src/ops/inverse-norms.ts";
import { describeOp, type Feed, normals, type OpCase } from "../support/op.ts";

const mapped = (name: string, x: Feed, h: number): OpCase => ({
  name,
  feeds: { x, transform: normals([x.shape.at(-1)!, h], 2, 0.5) },
  apply: ({ x, transform }) => inverseNorms(x!, transform!),
});

const withZeros = (feed: Feed, isZero: (row: number) => boolean): Feed => ({
  ...feed,
  data: Float32Array.from(feed.data, (value, i) => (isZero(Math.floor(i / feed.shape.at(-1)!)) ? 0 : value)),
});

describeOp("inverseNorms", [
  mapped("whole tiles", normals([64, 16]), 16),
  mapped("one row", normals([1, 8]), 8),
  mapped("more rows than a tile, by one", normals([33, 8]), 8),
  mapped("widths not multiples of 4, h unlike d", normals([5, 7, 5]), 7),
  mapped("h of more than one tile of columns", normals([9, 6]), 61),
  mapped("wide rows, few columns", normals([37, 70]), 6),
  {
    ...mapped(
      "zero rows have an inverse norm of 0",
      withZeros(normals([9, 8]), (row) => row % 4 === 1),
      8,
    ),
    derivative: false,
  },
  { name: "without a transform", feeds: { x: normals([13, 6]) }, apply: ({ x }) => inverseNorms(x!) },
  {
    name: "without a transform, zero rows",
    feeds: { x: withZeros(normals([13, 6]), (row) => row === 0 || row === 12) },
    apply: ({ x }) => inverseNorms(x!),
    derivative: false,
  },
]);
