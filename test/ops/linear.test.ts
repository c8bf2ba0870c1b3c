import { linear } from "../../src/ops/linear.ts";
import { describeOp, normals, type OpCase } from "../support/op.ts";

const shapes: [string, number[], number, number][] = [
  ["one row", [1], 3, 5],
  ["no size a multiple of 4", [7], 5, 3],
  ["three dimensions", [2, 3], 6, 9],
  ["more rows than one part of the bias sum", [300], 4, 8],
];

describeOp(
  "linear",
  shapes.flatMap(([name, rows, inner, columns]) =>
    [false, true].map(
      (relu): OpCase => ({
        name: `${name}${relu ? ", with ReLU" : ""}`,
        feeds: { x: normals([...rows, inner], 1), w: normals([inner, columns], 2), bias: normals([1, columns], 3) },
        apply: ({ x, w, bias }) => linear(x!, w!, bias!, { relu }),
      }),
    ),
  ),
);
