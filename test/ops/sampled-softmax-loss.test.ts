import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { plan } from "../../src/graph/plan.ts";
import { sampledSoftmaxLoss } from "../../src/ops/sampled-softmax-loss.ts";
import { type Decorrelation, sampledSoftmaxLoss as reference } from "../../src/reference/sampled-softmax-loss.ts";
import { describeOp, type Feed, integers, normals, numbers, type OpCase } from "../support/op.ts";

const plain = { temperature: 1, hardness: 0 } as const;
const sizes = { users: 2, interests: 1, candidates: 3, dimension: 1 };

test("equal scores of a positive and three negatives cost log 4, and an accidental hit is left out", () => {
  const inputs = {
    interests: Float64Array.of(1, 1),
    counts: Uint32Array.of(1, 1),
    negatives: Float64Array.of(2, 2, 2),
    positive: Float64Array.of(2, 2),
    targetIds: Uint32Array.of(7, 2),
    negativeIds: Uint32Array.of(1, 2, 3),
    weights: Float64Array.of(1, 0),
  };
  expect(reference(inputs, sizes, plain)[0][0]).toBeCloseTo(Math.log(4), 12);
  expect(reference({ ...inputs, weights: Float64Array.of(0, 1) }, sizes, plain)[0][0]).toBeCloseTo(Math.log(3), 12);
});

test("the log q correction divides each exponential by how often the item is expected", () => {
  const [loss] = reference(
    {
      interests: Float64Array.of(0),
      counts: Uint32Array.of(1),
      negatives: Float64Array.of(1),
      positive: Float64Array.of(1),
      targetIds: Uint32Array.of(1),
      negativeIds: Uint32Array.of(2),
      weights: Float64Array.of(1),
      logExpected: Float64Array.of(0, Math.log(2), Math.log(0.5)),
    },
    { users: 1, interests: 1, candidates: 1, dimension: 1 },
    plain,
  );
  expect(loss[0]).toBeCloseTo(-Math.log(0.5 / (0.5 + 2)), 12);
});

test("each candidate is scored by the interest that likes it best", () => {
  const [loss] = reference(
    {
      interests: Float64Array.of(1, 0, 0, 1),
      counts: Uint32Array.of(2),
      negatives: Float64Array.of(0, 3),
      positive: Float64Array.of(2, 1),
      targetIds: Uint32Array.of(1),
      negativeIds: Uint32Array.of(2),
      weights: Float64Array.of(5),
    },
    { users: 1, interests: 2, candidates: 1, dimension: 2 },
    plain,
  );
  expect(loss[0]).toBeCloseTo(Math.log(1 + Math.exp(1)), 12);
});

test("hard negatives weigh by e^(hardness score) over the mean of these weights", () => {
  const inputs = {
    interests: Float64Array.of(1),
    counts: Uint32Array.of(1),
    negatives: Float64Array.of(1, 2, 9),
    positive: Float64Array.of(3),
    targetIds: Uint32Array.of(7),
    negativeIds: Uint32Array.of(1, 2, 7),
    weights: Float64Array.of(1),
  };
  const one = { users: 1, interests: 1, candidates: 3, dimension: 1 };
  const lossOf = (hardness: number, more = {}) =>
    reference({ ...inputs, ...more }, one, { temperature: 1, hardness })[0][0]!;
  const { E, exp, log } = Math;
  const weighted = (E ** 2 * E + exp(4) * exp(2)) / ((E ** 2 + exp(4)) / 2);
  expect(lossOf(2)).toBeCloseTo(log(exp(3) + weighted) - 3, 12);
  expect(lossOf(0)).toBeCloseTo(log(exp(3) + E + exp(2)) - 3, 12);
  // Item 1 is drawn three times as often as item 2, of two items: the sums and the mean are those of the catalogue.
  const logExpected = Float64Array.of(0, log(1.5), log(0.5), 0, 0, 0, 0, 0);
  const corrected = (E ** 3 / 1.5 + exp(6) / 0.5) / ((E ** 2 / 1.5 + exp(4) / 0.5) / (1 / 1.5 + 1 / 0.5));
  expect(lossOf(2, { logExpected })).toBeCloseTo(log(exp(3) + corrected) - 3, 12);
});

test("similar interests cost the weighted mean of what their cosines have above the margin", () => {
  const inputs = {
    interests: Float64Array.of(1, 0, 3, 3, 1, 0, 0, 2),
    counts: Uint32Array.of(2, 2),
    negatives: Float64Array.of(1, 2),
    positive: Float64Array.of(3, 1, 1, 3),
    targetIds: Uint32Array.of(7, 2),
    negativeIds: Uint32Array.of(1),
    weights: Float64Array.of(1, 3),
  };
  const two = { users: 2, interests: 2, candidates: 1, dimension: 2 };
  const lossOf = (decorrelation?: Decorrelation) => reference(inputs, two, { ...plain, decorrelation })[0][0]!;
  // Cosines: 1/sqrt(2) and 0.
  expect(lossOf({ scale: 8, margin: 0.2 }) - lossOf()).toBeCloseTo((8 / 4) * (Math.SQRT1_2 - 0.2) ** 2, 12);
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
  readonly corrected?: boolean;
  readonly oneVector?: boolean;
  readonly decorrelation?: Decorrelation;
}

function loss(name: string, users: number, count: number, options: Options = {}, more: Partial<OpCase> = {}): OpCase {
  const {
    interests = 3,
    d = 6,
    scale = 1,
    temperature = 1,
    hardness = 0,
    corrected = false,
    oneVector = false,
    decorrelation,
  } = options;
  const feeds: Record<string, Feed> = {
    interests: normals(oneVector ? [users, d] : [users, interests, d], 1, scale),
    interestCounts: integers([users], options.counts ?? Array.from({ length: users }, (_, b) => 1 + (b % interests))),
    negatives: normals([count, d], 2),
    positive: normals([users, d], 3),
    targetIds: integers([users], options.targets ?? Array.from({ length: users }, (_, b) => 1000 + b)),
    negativeIds: integers([count], options.negatives ?? Array.from({ length: count }, (_, m) => 1 + (m % 990))),
    weights: numbers([users], options.weights ?? Array.from({ length: users }, (_, b) => 1 + (b % 3))),
  };
  if (corrected) feeds["logExpected"] = normals([2000], 5);
  return {
    name,
    feeds,
    apply: ({ interests, interestCounts, negatives, positive, targetIds, negativeIds, weights, logExpected }) =>
      sampledSoftmaxLoss(
        {
          interests: interests!,
          interestCounts: interestCounts!,
          negatives: negatives!,
          positive: positive!,
          targetIds: targetIds!,
          negativeIds: negativeIds!,
          weights: weights!,
          logExpected,
        },
        { temperature, hardness, decorrelation },
      ),
    differentiate: ["interests", "negatives", "positive"],
    ...more,
  };
}

describeOp("sampledSoftmaxLoss", [
  loss("5 users of up to 3 interests and 12 negatives", 5, 12),
  loss("the loss alone", 5, 12, {}, { differentiate: [] }),
  loss("one negative", 3, 1),
  loss("one vector for each user", 9, 10, { oneVector: true, interests: 1 }),
  loss("one interest each, and users without", 6, 10, { interests: 1, counts: [1, 0, 1, 1, 0, 1] }),
  loss("a user without interests", 3, 8, { counts: [2, 0, 3] }),
  loss("5 interests, more than one chunk", 4, 9, { interests: 5 }),
  loss("negatives not a multiple of 4, log q correction, temperature", 6, 13, { corrected: true, temperature: 0.3 }),
  loss("accidental hits", 4, 9, { targets: [3, 1, 50, 9] }),
  loss("the only negative is an accidental hit", 2, 1, { targets: [1, 1], corrected: true }),
  loss("padding among the negatives", 3, 6, { negatives: [5, 0, 7, 0, 0, 2], corrected: true }),
  loss("negatives that are all padding or the user's target", 2, 4, { targets: [5, 9], negatives: [5, 0, 0, 5] }),
  loss("a padded user", 3, 8, { weights: [1, 0, 2] }),
  loss("all weights zero", 3, 8, { weights: [0, 0, 0] }),
  loss("more users than a workgroup has invocations", 259, 6),
  loss("more negatives than a workgroup's invocations take at once", 2, 1030, { d: 2, corrected: true }),
  // Scores of 1e4: differences of such sums keep about 1e-3 absolute in float32, and a step of 1e-5 meets curved exponentials.
  loss("huge scores", 4, 10, { scale: 1e4 }, { gradientTolerance: 1e-4 }),
  loss("interests kept apart", 5, 12, { decorrelation: { scale: 2, margin: 0 } }),
  loss(
    "interests kept apart, the loss alone",
    5,
    12,
    { decorrelation: { scale: 2, margin: 0 } },
    { differentiate: [] },
  ),
  loss("5 interests kept apart, a margin, temperature, width not a multiple of 4", 7, 9, {
    interests: 5,
    d: 5,
    temperature: 0.4,
    decorrelation: { scale: 3, margin: 0.3 },
  }),
  loss("interests kept apart, users without weight or interests", 70, 6, {
    counts: Array.from({ length: 70 }, (_, b) => b % 4),
    weights: Array.from({ length: 70 }, (_, b) => b % 3),
    decorrelation: { scale: 1, margin: 0.1 },
  }),
  loss("interests kept apart, all weights zero", 3, 8, { weights: [0, 0, 0], decorrelation: { scale: 2, margin: 0 } }),
  loss("one interest each, kept apart", 4, 6, { interests: 1, decorrelation: { scale: 2, margin: 0 } }),
  loss("interests kept apart, hard negatives", 4, 9, { hardness: 1, decorrelation: { scale: 2, margin: 0.1 } }),
  loss("hard negatives", 5, 12, { hardness: 1 }),
  loss("hard negatives, the loss alone", 5, 12, { hardness: 1 }, { differentiate: [] }),
  loss("barely hard negatives, one vector for each user", 6, 9, { hardness: 0.1, oneVector: true, interests: 1 }),
  loss(
    "very hard negatives, log q correction, temperature",
    6,
    13,
    { hardness: 10, corrected: true, temperature: 0.5 },
    // Exponents of 200 keep about 2e-5 in float32, which is the relative error of their exponentials.
    { tolerance: 4e-5 },
  ),
  loss("hard negatives, accidental hits and padding", 4, 6, {
    hardness: 2,
    targets: [3, 1, 50, 9],
    negatives: [3, 0, 1, 9, 0, 3],
  }),
  loss("hard negatives that are all hits or padding", 2, 3, { hardness: 1, targets: [5, 9], negatives: [5, 0, 5] }),
  loss("hard negatives, one and one", 3, 1, { hardness: 3, interests: 1 }),
  loss("hard negatives, users without interests and without weight", 4, 9, {
    hardness: 1,
    counts: [2, 0, 3, 1],
    weights: [1, 2, 0, 1],
    corrected: true,
  }),
  loss("hard negatives, all weights zero", 3, 8, { hardness: 1, weights: [0, 0, 0] }),
  loss("hard negatives of zeros", 2, 5, { hardness: 4, scale: 0 }, { derivative: false }),
  loss("hard negatives, more users than a workgroup has invocations", 259, 6, { hardness: 1 }),
  loss("hard negatives, more than a workgroup's invocations take at once", 2, 1030, {
    d: 2,
    hardness: 1.5,
    corrected: true,
  }),
  // As above; the exponents are eleven times the scores.
  loss("hard negatives of huge scores", 4, 10, { scale: 1e3, hardness: 10 }, { gradientTolerance: 1e-4 }),
  {
    ...loss("a tie for the positive goes to the lowest interest", 1, 2, { interests: 2, d: 4, counts: [2] }),
    feeds: {
      ...loss("", 1, 2, { interests: 2, d: 4, counts: [2] }).feeds,
      interests: numbers([1, 2, 4], [1, 0, 2, 0, 0, 1, 2, 0]),
      positive: numbers([1, 4], [1, 1, 1, 1]),
    },
    // Central differences straddle the kink.
    derivative: false,
  },
]);

test("the scores have memory even where nobody wants the gradient that takes their place", () => {
  const graph = new Graph();
  const ids = (name: string, count: number) => graph.input(name, "u32", [count]);
  const value = sampledSoftmaxLoss({
    interests: graph.input("interests", "f32", [2, 3, 4]),
    interestCounts: ids("counts", 2),
    negatives: graph.input("negatives", "f32", [5, 4]),
    positive: graph.input("positive", "f32", [2, 4]),
    targetIds: ids("targets", 2),
    negativeIds: ids("negativeIds", 5),
    weights: graph.input("weights", "f32", [2]),
  });
  const scores = value.node!.outputs[1]!;
  const { slotOf, isUsed } = plan({ outputs: { value } });
  expect(isUsed(scores)).toBe(false);
  expect(slotOf.has(scores)).toBe(true);
});

test("one vector for each user has nothing to be kept apart from", () => {
  const graph = new Graph();
  const vector = loss("", 3, 4, { oneVector: true, interests: 1, decorrelation: { scale: 1, margin: 0 } });
  const values = Object.fromEntries(
    Object.entries(vector.feeds).map(([name, { shape, data }]) => [
      name,
      graph.input(name, data instanceof Uint32Array ? "u32" : "f32", shape),
    ]),
  );
  expect(() => vector.apply(values)).toThrow(
    "sampledSoftmaxLoss: expected interests [B, K, d] to keep apart, got interests [3, 6]",
  );
});
