import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { gather } from "../../src/ops/gather.ts";
import { placeSums } from "../../src/ops/place-sums.ts";
import { placeSums as reference } from "../../src/reference/place-sums.ts";
import { describeOp, integers, normals, numbers, type OpCase } from "../support/op.ts";

const apply: OpCase["apply"] = ({ rows, weights, beside }) => placeSums(rows!, weights!, beside);
const ofTable: OpCase["apply"] = ({ table, ids, weights, beside }) => placeSums(gather(table!, ids!), weights!, beside);

/** Behaviours by their ids, of a table whose row 0 is not zero. */
const lookedUp = (users: number, places: number, d: number, outputs: number): OpCase["feeds"] => ({
  table: normals([100, d], 1),
  ids: integers(
    [users, places],
    Array.from({ length: users * places }, (_, i) => (i * 37) % 100),
  ),
  weights: normals([outputs, places, d], 2),
});

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
    name: "beside rows as wide",
    feeds: { rows: normals([5, 6, 8], 1), weights: normals([3, 6, 8], 2), beside: normals([5, 3, 8], 3) },
    apply,
  },
  {
    name: "beside wider rows, widths of which one is no multiple of 4",
    feeds: { rows: normals([6, 5, 5], 1), weights: normals([5, 5, 5], 2), beside: normals([6, 5, 20], 3) },
    apply,
  },
  {
    name: "beside narrower rows",
    feeds: { rows: normals([2, 9, 12], 1), weights: normals([4, 9, 12], 2), beside: normals([2, 4, 4], 3) },
    apply,
  },
  {
    name: "beside rows of a width that is no multiple of 4",
    feeds: { rows: normals([3, 4, 8], 1), weights: normals([2, 4, 8], 2), beside: normals([3, 2, 6], 3) },
    apply,
  },
  {
    name: "beside rows that take no gradient",
    feeds: { rows: normals([5, 3, 4], 1), weights: normals([2, 3, 4], 2), beside: normals([5, 2, 4], 3) },
    apply,
    differentiate: ["rows", "weights"],
  },
  {
    name: "looked up in a table",
    feeds: lookedUp(30, 6, 4, 5),
    apply: ofTable,
    differentiate: ["weights"],
    tableWindowBytes: 1024,
  },
  {
    name: "looked up in a table, beside rows",
    feeds: { ...lookedUp(70, 3, 6, 4), beside: normals([70, 4, 8], 3) },
    apply: ofTable,
    differentiate: ["weights", "beside"],
  },
  {
    name: "more columns than one grid dimension",
    feeds: { rows: normals([1, 1, 16_777_220], 1), weights: normals([1, 1, 16_777_220], 2) },
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
  const beside = graph.input("beside", "f32", [2, 3, 8]);
  expect(() => placeSums(weights, weights, beside)).toThrow(
    "placeSums: expected rows [batch, places, d], weights [outputs, places, d] and beside [batch, outputs, h], got rows [2, 2, 4], weights [2, 2, 4], beside [2, 3, 8]",
  );
});
