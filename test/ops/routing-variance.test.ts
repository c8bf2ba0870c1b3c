import { expect, test } from "vitest";
import { routingVariance } from "../../src/ops/routing-variance.ts";
import { routingVariance as reference } from "../../src/reference/routing-variance.ts";
import { describeOp, type Feed, integers, normals, numbers, type OpCase } from "../support/op.ts";

const varianceOf = (weights: readonly number[], n: number, interests: number, d: number) =>
  reference(Float64Array.from(weights), Uint32Array.of(n), d, {
    batch: 1,
    length: weights.length / interests,
    interests,
  })[0][0];

test("is the squared length of the diagonal of (A - mean)(A - mean)^T / d", () => {
  // Interest 0 is made of the first behaviour alone, interest 1 of both alike; the third behaviour is padding.
  expect(varianceOf([1, 0.5, 0, 0.5, 7, 7], 2, 2, 4)).toBeCloseTo((0.5 / 4) ** 2, 12);
  // A - mean is (.2, -.2) and (-.4, .4).
  expect(varianceOf([0.7, 0.1, 0.3, 0.9], 2, 2, 1)).toBeCloseTo(0.08 ** 2 + 0.32 ** 2, 12);
});

test("interests that are made of all behaviours alike, of one behaviour or of none cost nothing", () => {
  expect(varianceOf([0.25, 0.25, 0.25, 0.25], 4, 1, 8)).toBe(0);
  expect(varianceOf([1, 1], 1, 2, 8)).toBe(0);
  expect(varianceOf([0.5, 0.5], 0, 1, 8)).toBe(0);
});

const variance = (name: string, weights: Feed, lengths: readonly number[], d: number): OpCase => ({
  name,
  feeds: { weights, lengths: integers([lengths.length], lengths) },
  apply: ({ weights: given, lengths: real }) => routingVariance(given!, real!, d),
});

describeOp("routingVariance", [
  variance("3 users of 5 behaviours and 4 interests", normals([3, 5, 4], 1), [5, 3, 1], 2),
  variance("users without behaviours", normals([3, 4, 2], 2), [0, 4, 0], 1),
  variance("more interests than a quad", normals([2, 6, 7], 3), [6, 5], 3),
  variance("one interest", normals([2, 6, 1], 4), [6, 2], 1),
  variance("more behaviours said than there are", normals([1, 3, 3], 5), [9], 1),
  variance("weights that are all alike", numbers([1, 4, 3], Array(12).fill(0.25)), [4], 1),
  variance("one behaviour has all", numbers([1, 3, 2], [1, 0, 0, 1, 0, 0]), [3], 2),
  variance("more users than a workgroup has invocations", normals([70, 3, 4], 6), Array(70).fill(3), 4),
]);
