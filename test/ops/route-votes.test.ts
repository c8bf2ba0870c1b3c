import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { routeVotes } from "../../src/ops/route-votes.ts";
import { routeVotes as reference } from "../../src/reference/route-votes.ts";
import { describeOp, integers, normals, numbers, type OpCase } from "../support/op.ts";

test("a behaviour moves to the interest that agrees with its vote, and a padded one has no say", () => {
  // Two interests, one column each: the second interest's votes agree with each other, the first's do not.
  const votes = Float64Array.of(1, 2, -1, 2, 50, 50);
  const { z, weights } = reference(votes, Uint32Array.of(2), { batch: 1, length: 3, interests: 2, h: 1 }, 2);
  const w = 1 / (1 + Math.exp((4 / 5) * 2));
  expect([...weights].map((value) => value.toFixed(9))).toEqual(
    [w, 1 - w, w, 1 - w, 0, 0].map((value) => value.toFixed(9)),
  );
  expect(z[0]).toBeCloseTo(0, 12);
  expect(z[1]).toBeCloseTo(4 * (1 - w), 8);
});

test("the first iteration shares every behaviour evenly", () => {
  const { z, weights } = reference(
    Float64Array.of(1, 2, 3, 4),
    Uint32Array.of(2),
    { batch: 1, length: 2, interests: 2, h: 1 },
    1,
  );
  expect([...weights]).toEqual([0.5, 0.5, 0.5, 0.5]);
  expect([...z]).toEqual([2, 3]);
});

test("votes that are not a multiple of 4 wide are refused with their shape", () => {
  const graph = new Graph();
  const [votes, lengths] = [graph.input("votes", "f32", [2, 3, 6]), graph.input("lengths", "u32", [2])];
  expect(() => routeVotes(votes, lengths, { interests: 2 })).toThrow(/h a multiple of 4.*got votes \[2, 3, 6\]/);
});

interface Size {
  readonly name: string;
  readonly lengths: readonly number[];
  readonly length: number;
  readonly interests: number;
  readonly h: number;
}

const sizes: Size[] = [
  { name: "full, short and empty histories", lengths: [6, 2, 0, 1], length: 6, interests: 4, h: 8 },
  { name: "one interest", lengths: [5, 3], length: 5, interests: 1, h: 4 },
  { name: "interests not a multiple of 4", lengths: [7, 4, 7], length: 7, interests: 5, h: 4 },
  { name: "a history longer than a workgroup", lengths: [130, 77], length: 130, interests: 3, h: 12 },
  { name: "more columns than a workgroup", lengths: [3, 4], length: 4, interests: 6, h: 64 },
  { name: "many users", lengths: Array.from({ length: 90 }, (_, user) => user % 4), length: 3, interests: 2, h: 4 },
];

const caseOf = ({ name, lengths, length, interests, h }: Size, iterations?: number): OpCase => ({
  name: iterations === undefined ? name : `${name}, ${iterations} iterations`,
  feeds: {
    votes: normals([lengths.length, length, interests * h], 1),
    lengths: integers([lengths.length], lengths),
  },
  apply: ({ votes, lengths: counts }) => routeVotes(votes!, counts!, { interests, iterations }),
  // With one iteration no weight depends on a vote, so the rule is the whole derivative.
  derivative: iterations === 1,
});

describeOp("routeVotes", [
  ...sizes.map((size) => caseOf(size)),
  ...sizes.map((size) => caseOf(size, 1)),
  caseOf(sizes[0]!, 5),
  {
    name: "votes far apart",
    feeds: {
      votes: numbers([1, 2, 8], [90, 0, 0, 0, 0, 90, 0, 0, -90, 0, 0, 0, 0, 90, 0, 0]),
      lengths: integers([1], [2]),
    },
    apply: ({ votes, lengths }) => routeVotes(votes!, lengths!, { interests: 2 }),
    derivative: false,
  },
]);
