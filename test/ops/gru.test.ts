import { expect, test } from "vitest";
import { gru } from "../../src/ops/gru.ts";
import { gru as reference } from "../../src/reference/gru.ts";
import { describeOp, integers, normals, type OpCase } from "../support/op.ts";

test("one step from nothing: the candidate, as far as the update gate lets it in", () => {
  const { final } = reference(
    {
      x: Float64Array.of(0, Math.log(3), 0.5),
      recurrent: new Float64Array(3),
      bias: Float64Array.of(0, 0, 1),
      lengths: Uint32Array.of(1),
    },
    { batch: 1, length: 1, h: 1, rows: 1 },
  );
  expect(final[0]).toBeCloseTo(0.25 * Math.tanh(0.5 + 0.5), 12);
});

test("a history that is over changes nothing", () => {
  const sizes = { batch: 1, length: 3, h: 2, rows: 1 };
  const given = { x: Float64Array.from(normals([18]).data), recurrent: Float64Array.from(normals([12], 2).data) };
  const bias = Float64Array.from(normals([6], 3).data);
  const { final, states } = reference({ ...given, bias, lengths: Uint32Array.of(1) }, sizes);
  expect([...final]).toEqual([...states.subarray(2, 4)]);
  expect([...states.subarray(4, 6)]).toEqual([...final]);
});

const cases: [string, number[], number, number][] = [
  ["full, short and empty histories", [4, 2, 0, 1], 4, 8],
  ["one step", [1, 0], 1, 4],
  ["more users than a step's rows are rounded to", Array.from({ length: 70 }, (_, user) => user % 4), 3, 4],
  ["a width of several tiles", [5, 3], 5, 20],
];

describeOp("gru without its gradient", [
  {
    name: "states that nobody else reads",
    feeds: {
      x: normals([3, 4, 12], 1),
      recurrent: normals([4, 12], 2, 0.4),
      bias: normals([1, 12], 3),
      lengths: integers([3], [4, 0, 2]),
    },
    apply: ({ x, recurrent, bias, lengths }) => gru(x!, recurrent!, bias!, lengths!),
    differentiate: [],
  },
]);

describeOp(
  "gru",
  cases.map(
    ([name, lengths, length, h]): OpCase => ({
      name,
      feeds: {
        x: normals([lengths.length, length, 3 * h], 1),
        recurrent: normals([h, 3 * h], 2, 0.4),
        bias: normals([1, 3 * h], 3),
        lengths: integers([lengths.length], lengths),
      },
      apply: ({ x, recurrent, bias, lengths: given }) => gru(x!, recurrent!, bias!, given!),
    }),
  ),
);
