import { tanh } from "../../src/ops/tanh.ts";
import { describeOp, normals, numbers } from "../support/op.ts";

describeOp("tanh", [
  { name: "rows of a width not a multiple of 4", feeds: { x: normals([7, 5]) }, apply: ({ x }) => tanh(x!) },
  { name: "more than a workgroup", feeds: { x: normals([33, 16]) }, apply: ({ x }) => tanh(x!) },
  {
    name: "saturated and zero",
    feeds: { x: numbers([1, 8], [0, -0.0001, 9, -9, 50, -50, 1000, -1000]) },
    apply: ({ x }) => tanh(x!),
  },
]);
