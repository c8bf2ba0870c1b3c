import { expect, test } from "vitest";
import { softmaxLoss } from "../../src/ops/softmax-loss.ts";
import { softmaxLoss as reference } from "../../src/reference/softmax-loss.ts";
import { describeOp, type Feed, integers, normals, numbers, type OpCase } from "../support/op.ts";

test("equal scores of a positive and three negatives cost log 4, and an accidental hit is left out", () => {
  const inputs = {
    positive: Float64Array.of(2, 2),
    negatives: Float64Array.of(2, 2, 2, 2, 2, 2),
    targetIds: Uint32Array.of(7, 2),
    negativeIds: Uint32Array.of(1, 2, 3),
    weights: Float64Array.of(1, 0),
  };
  expect(reference(inputs, 1)[0][0]).toBeCloseTo(Math.log(4), 12);
  expect(reference({ ...inputs, weights: Float64Array.of(0, 1) }, 1)[0][0]).toBeCloseTo(Math.log(3), 12);
});

test("the log q correction divides each exponential by how often the item is expected", () => {
  const loss = reference(
    {
      positive: Float64Array.of(0),
      negatives: Float64Array.of(0),
      targetIds: Uint32Array.of(1),
      negativeIds: Uint32Array.of(2),
      weights: Float64Array.of(1),
      logExpected: Float64Array.of(0, Math.log(2), Math.log(0.5)),
    },
    1,
  )[0][0];
  expect(loss).toBeCloseTo(-Math.log(0.5 / (0.5 + 2)), 12);
});

interface Options {
  readonly scale?: number;
  readonly weights?: readonly number[];
  readonly temperature?: number;
  readonly targets?: readonly number[];
  readonly corrected?: boolean;
}

function loss(name: string, users: number, count: number, options: Options = {}, more: Partial<OpCase> = {}): OpCase {
  const { scale = 1, temperature = 1, corrected = false } = options;
  const weights = options.weights ?? Array.from({ length: users }, (_, b) => 1 + (b % 3));
  const feeds: Record<string, Feed> = {
    positive: normals([users], 1, scale),
    negatives: normals([users, count], 2, scale),
    targetIds: integers([users], options.targets ?? Array.from({ length: users }, (_, b) => 1000 + b)),
    negativeIds: integers(
      [count],
      Array.from({ length: count }, (_, m) => 1 + m),
    ),
    weights: numbers([users], weights),
  };
  if (corrected) feeds["logExpected"] = normals([2000], 5);
  return {
    name,
    feeds,
    apply: ({ positive, negatives, targetIds, negativeIds, weights, logExpected }) =>
      softmaxLoss(
        {
          positive: positive!,
          negatives: negatives!,
          targetIds: targetIds!,
          negativeIds: negativeIds!,
          weights: weights!,
          ...(logExpected ? { logExpected } : {}),
        },
        { temperature },
      ),
    differentiate: ["positive", "negatives"],
    ...more,
  };
}

describeOp("softmaxLoss", [
  loss("5 users and 12 negatives", 5, 12),
  loss("one negative", 3, 1),
  loss("negatives not a multiple of 4, log q correction, temperature", 6, 13, { corrected: true, temperature: 0.3 }),
  loss("accidental hits", 4, 9, { targets: [3, 1, 50, 9] }),
  loss("the only negative is an accidental hit", 2, 1, { targets: [1, 1], corrected: true }),
  loss("a padded user", 3, 8, { weights: [1, 0, 2] }),
  loss("all weights zero", 3, 8, { weights: [0, 0, 0] }),
  loss("more users than a workgroup", 133, 6),
  // Scores of 1e4: differences of such sums keep about 1e-3 absolute in float32, and a step of 1e-5 meets curved exponentials.
  loss("huge scores", 4, 10, { scale: 1e4 }, { gradientTolerance: 1e-4 }),
]);
