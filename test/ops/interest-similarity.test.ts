import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { interestSimilarity } from "../../src/ops/interest-similarity.ts";
import { interestSimilarity as reference } from "../../src/reference/interest-similarity.ts";
import { describeOp, type Feed, integers, normals, numbers, type OpCase } from "../support/op.ts";

const sizes = { users: 1, interests: 3, d: 2 };
const similarityOf = (v: readonly number[], count: number, margin = 0) =>
  reference(Float64Array.from(v), Uint32Array.of(count), margin, sizes)[0][0];

test("is the mean over pairs of the square of what a cosine has above the margin", () => {
  // Cosines: 1/sqrt(2), 0 and 1/sqrt(2).
  expect(similarityOf([1, 0, 3, 3, 0, 2], 3)).toBeCloseTo((0.5 + 0 + 0.5) / 3, 12);
  expect(similarityOf([1, 0, 3, 3, 0, 2], 2)).toBeCloseTo(0.5, 12);
  expect(similarityOf([1, 0, 3, 3, 0, 2], 3, 0.5)).toBeCloseTo((2 * (Math.SQRT1_2 - 0.5) ** 2) / 3, 12);
});

test("interests that point away from each other, one alone and interests of zeros cost nothing", () => {
  expect(similarityOf([1, 0, -1, 0.1, 0, 0], 2)).toBe(0);
  expect(similarityOf([1, 0, 3, 3, 0, 2], 1)).toBe(0);
  expect(similarityOf([1, 0, 3, 3, 0, 2], 0)).toBe(0);
  expect(similarityOf([0, 0, 0, 0, 0, 0], 3)).toBe(0);
});

function similarity(name: string, interests: Feed, counts: readonly number[], margin = 0): OpCase {
  return {
    name,
    feeds: { interests, counts: integers([counts.length], counts) },
    apply: ({ interests: v, counts: active }) => interestSimilarity(v!, active!, { margin }),
  };
}

/** Vectors around a common one, so that most cosines are high. */
function close(users: number, interests: number, d: number): Feed {
  const { shape, data } = normals([users, interests, d], 3);
  return { shape, data: (data as Float32Array).map((value, i) => value + (i % d === 0 ? 3 : 0)) };
}

describeOp("interestSimilarity", [
  similarity("users of none to 4 interests", normals([5, 4, 8], 1), [0, 1, 2, 3, 4]),
  similarity("interests close to each other", close(3, 4, 8), [4, 4, 3]),
  similarity("a margin within the cosines", close(4, 4, 6), [4, 4, 3, 2], 0.8),
  similarity("a margin above all cosines", normals([3, 3, 16], 2), [3, 3, 3], 0.99),
  similarity("one interest each", normals([3, 1, 4]), [1, 0, 1]),
  similarity("5 interests of width not a multiple of 4", normals([2, 5, 7], 4), [5, 4]),
  similarity("more counted than there are", normals([1, 2, 4]), [9]),
  similarity("equal interests", numbers([1, 3, 4], [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]), [3]),
  similarity("more users than a workgroup has invocations", normals([70, 3, 4], 5), Array(70).fill(3)),
  {
    ...similarity("an interest of zeros among others", numbers([1, 3, 2], [0, 0, 1, 1, 1, 0.5]), [3]),
    // Any step from zero changes the direction at once.
    derivative: false,
  },
  { ...similarity("zeros alone", numbers([2, 2, 4], Array(16).fill(0)), [2, 2]), derivative: false },
  {
    ...similarity("short interests, of large gradients", normals([3, 4, 8], 7, 1e-3), [4, 4, 2]),
    // A step of 1e-5 is a hundredth of an element.
    gradientTolerance: 1e-3,
  },
  {
    ...similarity("huge interests", normals([3, 4, 8], 6, 1e6), [4, 4, 4]),
    // Gradients are of the size 1e-6; a step of 1e-5 of an element is one of 10.
    gradientTolerance: 1e-9,
  },
]);

test("a margin that is no cosine is refused", () => {
  const graph = new Graph();
  const [v, counts] = [graph.input("v", "f32", [2, 3, 4]), graph.input("counts", "u32", [2])];
  expect(() => interestSimilarity(v, counts, { margin: 1.5 })).toThrow(/margin from 0 to 1, got 1.5/);
});
