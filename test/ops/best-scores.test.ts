import { expect, test } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { bestScores, winnerBytes } from "../../src/ops/best-scores.ts";
import { bestScores as reference } from "../../src/reference/best-scores.ts";
import { describeOp, integers, normals, numbers, type OpCase } from "../support/op.ts";

test("each candidate is scored by its best active interest, the lowest winning a tie", () => {
  const interests = Float64Array.of(1, 0, 0, 1, 9, 9, 1, 1, 1, 1, 1, 1);
  const candidates = Float64Array.of(2, 1, 1, 3);
  const sizes = { users: 2, interests: 3, candidates: 2, dimension: 2 };
  const [scores, winners] = reference(interests, Uint32Array.of(2, 3), candidates, sizes);
  expect([...scores]).toEqual([2, 3, 3, 4]);
  expect([...winnerBytes(winners)]).toEqual([0, 1, 255, 255, 0, 0, 255, 255]);
});

test("a user without interests scores 0, and nothing wins", () => {
  const sizes = { users: 1, interests: 1, candidates: 1, dimension: 1 };
  const [scores, winners] = reference(Float64Array.of(3), Uint32Array.of(0), Float64Array.of(5), sizes);
  expect(scores).toEqual(Float64Array.of(0));
  expect(winnerBytes(winners)[0]).toBe(255);
});

test("more interests than a byte can name are refused", () => {
  const graph = new Graph();
  const [interests, counts] = [graph.input("v", "f32", [2, 256, 4]), graph.input("counts", "u32", [2])];
  expect(() => bestScores(interests, counts, graph.input("e", "f32", [3, 4]))).toThrow(
    /at most 255 interests.*got 256/,
  );
});

const apply: OpCase["apply"] = (values) => {
  const { interests, counts, candidates } = values as Record<string, Value>;
  const { scores, winners } = bestScores(interests!, counts!, candidates!);
  return [scores, winners];
};

interface Sizes {
  readonly users: number;
  readonly interests: number;
  readonly candidates: number;
  readonly d: number;
  readonly counts?: readonly number[];
  readonly scale?: number;
}

function random(name: string, { users, interests, candidates, d, counts, scale = 1 }: Sizes): OpCase {
  return {
    name,
    feeds: {
      interests: normals([users, interests, d], 1, scale),
      counts: integers([users], counts ?? Array.from({ length: users }, (_, b) => (b % interests) + 1)),
      candidates: normals([candidates, d], 2),
    },
    apply,
    // Sums over hundreds of terms, some of which cancel.
    tolerance: 2e-5,
  };
}

const cases: readonly OpCase[] = [
  random("3 users of up to 4 interests", { users: 3, interests: 4, candidates: 12, d: 8 }),
  random("a user without interests", { users: 3, interests: 3, candidates: 8, d: 4, counts: [0, 2, 0] }),
  random("one interest each", { users: 11, interests: 1, candidates: 9, d: 12 }),
  random("one interest each, and users without", { users: 3, interests: 1, candidates: 9, d: 5, counts: [1, 0, 1] }),
  {
    name: "one vector for each user",
    feeds: { interests: normals([5, 6]), counts: integers([5], [1, 4, 0, 2, 1]), candidates: normals([7, 6], 2) },
    apply,
  },
  random("5 interests, more than one chunk", { users: 4, interests: 5, candidates: 10, d: 8, counts: [5, 4, 0, 5] }),
  random("9 interests, three chunks", { users: 3, interests: 9, candidates: 30, d: 4, counts: [9, 8, 3] }),
  random("width not a multiple of 4", { users: 2, interests: 2, candidates: 6, d: 7 }),
  random("one candidate", { users: 3, interests: 4, candidates: 1, d: 8 }),
  random("one user", { users: 1, interests: 2, candidates: 21, d: 16 }),
  random("more candidates than a tile, not a multiple of 8", { users: 37, interests: 4, candidates: 155, d: 20 }),
  random("more columns than a tile", { users: 18, interests: 3, candidates: 70, d: 132 }),
  random("more columns than a tile, one interest each", { users: 70, interests: 1, candidates: 27, d: 68 }),
  {
    ...random("candidates of three windows", { users: 5, interests: 4, candidates: 141, d: 8 }),
    tableWindowBytes: 64 * 32,
  },
  {
    ...random("candidates of two windows, one in the last, one interest each", {
      users: 9,
      interests: 1,
      candidates: 65,
      d: 5,
    }),
    tableWindowBytes: 64 * 32,
  },
  random("huge interests", { users: 3, interests: 4, candidates: 7, d: 8, scale: 1e6 }),
  {
    name: "ties go to the lowest interest",
    feeds: {
      interests: numbers([1, 5, 4], [0, 0, 0, 0, 1, 0, 2, 0, 1, 0, 2, 0, 2, 0, 1, 0, 1, 0, 2, 0]),
      counts: integers([1], [5]),
      candidates: numbers([3, 4], [1, 1, 1, 1, 1, 2, 0.5, 1, -1, 0, -1, 0]),
    },
    apply,
    differentiate: [],
  },
  {
    name: "gradients of ties go to the lowest interest",
    feeds: {
      interests: numbers([1, 2, 4], [1, 0, 2, 0, 1, 0, 2, 0]),
      counts: integers([1], [2]),
      candidates: numbers([1, 4], [1, 1, 1, 1]),
    },
    apply,
    // Central differences straddle the kink in the interests; the candidate's gradient is the same on both sides.
    differentiate: ["candidates"],
  },
];

describeOp("bestScores", cases);
