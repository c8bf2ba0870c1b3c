import { expect, test } from "vitest";
import { meanPool } from "../../src/ops/mean-pool.ts";
import { meanPool as reference } from "../../src/reference/mean-pool.ts";
import { describeOp, integers, normals, type OpCase } from "../support/op.ts";

test("averages the real rows only", () => {
  expect([...reference(Float64Array.of(1, 2, 3, 4, 100, 100), Uint32Array.of(2), 3, 2)]).toEqual([2, 3]);
});

const cases: [string, number[], number, number][] = [
  ["full, short and empty histories", [4, 2, 0, 1], 4, 8],
  ["width not a multiple of 4", [3, 1], 3, 5],
  ["one row of one number", [1], 1, 1],
  ["many users", Array.from({ length: 300 }, (_, user) => user % 8), 7, 12],
];

describeOp(
  "meanPool",
  cases.map(
    ([name, lengths, length, d]): OpCase => ({
      name,
      feeds: { rows: normals([lengths.length, length, d]), lengths: integers([lengths.length], lengths) },
      apply: ({ rows, lengths: counts }) => meanPool(rows!, counts!),
    }),
  ),
);
