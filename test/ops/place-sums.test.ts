import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { placeSums } from "../../src/ops/place-sums.ts";
import { placeSums as reference } from "../../src/reference/place-sums.ts";
import { describeOp, normals, numbers, type OpCase } from "../support/op.ts";

const apply: OpCase["apply"] = ({ rows, weights }) => placeSums(rows!, weights!);

describeOp("placeSums", [
  { name: "several sums", feeds: { rows: normals([5, 6, 8], 1), weights: normals([3, 6, 8], 2) }, apply },
  { name: "one sum", feeds: { rows: normals([4, 3, 16], 1), weights: normals([1, 3, 16], 2) }, apply },
  { name: "one place", feeds: { rows: normals([4, 1, 4], 1), weights: normals([2, 1, 4], 2) }, apply },
  { name: "width not a multiple of 4", feeds: { rows: normals([3, 4, 5], 1), weights: normals([2, 4, 5], 2) }, apply },
  {
    name: "a user with nothing",
    feeds: { rows: numbers([2, 2, 2], [1, 2, 3, 4, 0, 0, 0, 0]), weights: normals([2, 2, 2], 3) },
    apply,
  },
  {
    name: "more rows than one grid dimension",
    feeds: { rows: normals([1_048_577, 1, 16], 1), weights: normals([1, 1, 16], 2) },
    apply,
    differentiate: [],
  },
]);

test("every place counts in every sum with its own weights", () => {
  const rows = Float64Array.of(1, 2, 10, 20);
  const weights = Float64Array.of(1, 1, 1, 1, 0, 3, 0.5, 0);
  expect([...reference(rows, weights, { batch: 1, outputs: 2, places: 2, d: 2 })]).toEqual([11, 22, 5, 6]);
});

test("shapes that do not fit are refused with all of them", () => {
  const graph = new Graph();
  const [rows, weights] = [graph.input("rows", "f32", [2, 3, 4]), graph.input("weights", "f32", [2, 2, 4])];
  expect(() => placeSums(rows, weights)).toThrow(
    "placeSums: expected rows [batch, places, d] and weights [outputs, places, d], got rows [2, 3, 4], weights [2, 2, 4]",
  );
});
