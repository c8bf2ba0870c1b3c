import { expect, test } from "vitest";
import { sequenceSoftmax } from "../../src/ops/sequence-softmax.ts";
import { sequenceSoftmax as reference } from "../../src/reference/sequence-softmax.ts";
import { describeOp, integers, normals, numbers, type OpCase } from "../support/op.ts";

test("the weights of an interest add up to one over the real behaviours", () => {
  const p = reference(Float64Array.of(0, 9, Math.log(3), 9, 7, 7), Uint32Array.of(2), {
    batch: 1,
    length: 3,
    interests: 2,
  });
  expect(Array.from(p, (value) => Number(value.toFixed(12)))).toEqual([0.25, 0.5, 0.75, 0.5, 0, 0]);
});

const cases: [string, number[], number, number][] = [
  ["full, short and empty histories", [4, 2, 0, 1], 4, 4],
  ["interests not a multiple of 4", [3, 5], 5, 6],
  ["one interest", [3, 1], 3, 1],
  ["many users", Array.from({ length: 200 }, (_, user) => user % 8), 7, 3],
];

describeOp("sequenceSoftmax", [
  ...cases.map(
    ([name, lengths, length, interests]): OpCase => ({
      name,
      feeds: { x: normals([lengths.length, length, interests]), lengths: integers([lengths.length], lengths) },
      apply: ({ x, lengths: counts }) => sequenceSoftmax(x!, counts!),
    }),
  ),
  {
    name: "large and far apart",
    feeds: { x: numbers([1, 3, 2], [100, -100, 99, 95, -100, 95]), lengths: integers([1], [3]) },
    apply: ({ x, lengths }) => sequenceSoftmax(x!, lengths!),
  },
]);
