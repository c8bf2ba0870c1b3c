import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { listSoftmaxLoss } from "../../src/ops/list-softmax-loss.ts";
import { listSoftmaxLoss as reference } from "../../src/reference/list-softmax-loss.ts";
import { type Decorrelation, sampledSoftmaxLoss } from "../../src/reference/sampled-softmax-loss.ts";
import { describeOp, integers, normals, numbers, type OpCase } from "../support/op.ts";

const rule = { temperature: 1, hardness: 0 };
const sizes = { users: 2, interests: 1, negatives: 3, dimension: 1 };

test("equal scores of a positive and its list cost the log of how many they are; padding and the target do not count", () => {
  const inputs = {
    interests: Float64Array.of(1, 1),
    counts: Uint32Array.of(1, 1),
    negatives: Float64Array.of(2, 2, 2, 2, 2, 2),
    positive: Float64Array.of(2, 2),
    targetIds: Uint32Array.of(7, 7),
    negativeIds: Uint32Array.of(1, 2, 3, 4, 7, 0),
    weights: Float64Array.of(1, 0),
  };
  expect(reference(inputs, sizes, rule)[0][0]).toBeCloseTo(Math.log(4), 12);
  expect(reference({ ...inputs, weights: Float64Array.of(0, 1) }, sizes, rule)[0][0]).toBeCloseTo(Math.log(2), 12);
});

test("each candidate is scored by the interest that likes it best, over the temperature", () => {
  const inputs = {
    interests: Float64Array.of(1, 0, 0, 1),
    counts: Uint32Array.of(2),
    negatives: Float64Array.of(0, 3),
    positive: Float64Array.of(2, 1),
    targetIds: Uint32Array.of(1),
    negativeIds: Uint32Array.of(2),
    weights: Float64Array.of(5),
  };
  const one = { users: 1, interests: 2, negatives: 1, dimension: 2 };
  expect(reference(inputs, one, { ...rule, temperature: 0.5 })[0][0]).toBeCloseTo(Math.log(1 + Math.exp(2)), 12);
});

test.each([0, 1.5])(
  "where all users have the same list it is the loss of shared negatives, hardness %d",
  (hardness) => {
    const [users, interests, count, dimension] = [3, 2, 4, 5];
    const array = (shape: readonly number[], seed: number) => Float64Array.from(normals(shape, seed).data);
    const negatives = array([count, dimension], 3);
    const inputs = {
      interests: array([users, interests, dimension], 1),
      counts: Uint32Array.of(2, 1, 2),
      positive: array([users, dimension], 2),
      targetIds: Uint32Array.of(9, 2, 8),
      weights: Float64Array.of(1, 2, 3),
    };
    const shared = { ...inputs, negatives, negativeIds: Uint32Array.of(1, 2, 3, 4) };
    const own = {
      ...inputs,
      negatives: Float64Array.from({ length: users * negatives.length }, (_, i) => negatives[i % negatives.length]!),
      negativeIds: Uint32Array.of(1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4),
    };
    const [[wanted]] = sampledSoftmaxLoss(
      shared,
      { users, interests, candidates: count, dimension },
      { ...rule, hardness },
    );
    const [[got]] = reference(own, { users, interests, negatives: count, dimension }, { ...rule, hardness });
    expect(got).toBeCloseTo(wanted!, 12);
  },
);

test("lists of another number of users are refused", () => {
  const graph = new Graph();
  const vectors = (name: string, shape: readonly number[]) => graph.input(name, "f32", shape);
  const inputs = {
    interests: vectors("v", [4, 2, 8]),
    interestCounts: graph.input("counts", "u32", [4]),
    negatives: vectors("e", [3, 5, 8]),
    positive: vectors("p", [4, 8]),
    targetIds: graph.input("targets", "u32", [4]),
    negativeIds: graph.input("ids", "u32", [3, 5]),
    weights: vectors("w", [4]),
  };
  expect(() => listSoftmaxLoss(inputs)).toThrow(/^listSoftmaxLoss: expected .*negatives \[3, 5, 8\]/);
});

interface Options {
  readonly interests?: number;
  readonly d?: number;
  readonly counts?: readonly number[];
  readonly scale?: number;
  readonly weights?: readonly number[];
  readonly temperature?: number;
  readonly hardness?: number;
  readonly targets?: readonly number[];
  readonly negatives?: readonly number[];
  readonly oneVector?: boolean;
  readonly decorrelation?: Decorrelation;
}

function loss(name: string, users: number, count: number, options: Options = {}, more: Partial<OpCase> = {}): OpCase {
  const { interests = 3, d = 6, scale = 1, temperature = 1, hardness = 0, oneVector = false, decorrelation } = options;
  const most = oneVector ? 1 : interests;
  const negatives = options.negatives ?? Array.from({ length: users * count }, (_, i) => 1 + (i % 990));
  return {
    name,
    feeds: {
      interests: normals(oneVector ? [users, d] : [users, interests, d], 1, scale),
      interestCounts: integers([users], options.counts ?? Array.from({ length: users }, (_, b) => 1 + (b % most))),
      negatives: normals([users, count, d], 2),
      positive: normals([users, d], 3),
      targetIds: integers([users], options.targets ?? Array.from({ length: users }, (_, b) => 1000 + b)),
      negativeIds: integers([users, count], negatives),
      weights: numbers([users], options.weights ?? Array.from({ length: users }, (_, b) => 1 + (b % 3))),
    },
    apply: ({ interests, interestCounts, negatives, positive, targetIds, negativeIds, weights }) =>
      listSoftmaxLoss(
        {
          interests: interests!,
          interestCounts: interestCounts!,
          negatives: negatives!,
          positive: positive!,
          targetIds: targetIds!,
          negativeIds: negativeIds!,
          weights: weights!,
        },
        { temperature, hardness, decorrelation },
      ),
    differentiate: ["interests", "negatives", "positive"],
    ...more,
  };
}

describeOp("listSoftmaxLoss", [
  loss("5 users with lists of 7", 5, 7),
  loss("lists of one", 4, 1),
  loss("lists of three, a row without padding", 4, 3, { d: 8 }),
  loss("lists of different lengths, and an empty one", 3, 4, { negatives: [1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0] }),
  loss("accidental hits, one list of nothing else", 3, 3, {
    targets: [4, 5, 6],
    negatives: [1, 4, 2, 5, 5, 5, 6, 1, 0],
  }),
  loss("the same item twice in a list", 2, 3, { negatives: [8, 8, 9, 7, 7, 7] }),
  loss("a padded user", 4, 5, { weights: [1, 0, 2, 1], targets: [1000, 0, 1002, 1003] }),
  loss("all weights zero", 3, 5, { weights: [0, 0, 0] }),
  loss("a user without interests", 3, 5, { counts: [2, 0, 3] }),
  loss("one vector for each user, temperature", 6, 5, { oneVector: true, temperature: 0.2 }),
  loss("one vector, a user without", 3, 5, { oneVector: true, counts: [1, 0, 1] }),
  loss("more users than a workgroup, wide", 67, 9, { interests: 5, d: 33 }),
  loss("hard negatives", 5, 7, { hardness: 1.5, temperature: 0.7 }),
  loss("hard negatives, short lists", 3, 4, { hardness: 2, negatives: [1, 2, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0] }),
  loss("interests kept apart", 5, 6, { decorrelation: { scale: 3, margin: 0.1 }, counts: [3, 2, 1, 0, 3] }),
  loss("five interests kept apart, a padded user", 3, 2, {
    interests: 5,
    decorrelation: { scale: 2, margin: 0 },
    weights: [1, 0, 2],
  }),
  loss("large scores", 4, 6, { scale: 1e3 }, { gradientTolerance: 1e-4, tolerance: 1e-4 }),
]);
