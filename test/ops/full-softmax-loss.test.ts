import { expect, test } from "vitest";
import { fullSoftmaxLoss } from "../../src/ops/full-softmax-loss.ts";
import { fullSoftmaxLoss as reference } from "../../src/reference/full-softmax-loss.ts";
import { describeOp, integers, normals, numbers, type OpCase } from "../support/op.ts";

test("the padding column takes no part: equal scores of three items cost log 3", () => {
  const [loss] = reference(Float64Array.of(99, 1, 1, 1), Uint32Array.of(2), Float64Array.of(1), 1);
  expect(loss[0]).toBeCloseTo(Math.log(3), 12);
});

interface Options {
  readonly scale?: number;
  readonly weights?: readonly number[];
  readonly temperature?: number;
  readonly targets?: readonly number[];
}

function loss(name: string, users: number, items: number, options: Options = {}, more: Partial<OpCase> = {}): OpCase {
  const { scale = 1, temperature = 1 } = options;
  const weights = options.weights ?? Array.from({ length: users }, (_, b) => 1 + (b % 3));
  const targets = options.targets ?? Array.from({ length: users }, (_, b) => 1 + (b % items));
  return {
    name,
    feeds: {
      scores: normals([users, items + 1], 1, scale),
      targets: integers([users], targets),
      weights: numbers([users], weights),
    },
    apply: ({ scores, targets, weights }) => fullSoftmaxLoss(scores!, targets!, weights!, { temperature }),
    differentiate: ["scores"],
    ...more,
  };
}

describeOp("fullSoftmaxLoss", [
  loss("5 users and 11 items", 5, 11),
  loss("one item", 2, 1),
  loss("columns not a multiple of 4, temperature", 6, 17, { temperature: 0.25 }),
  loss("a padded user, and one without target", 4, 8, { weights: [1, 0, 2, 1], targets: [3, 0, 0, 8] }),
  loss("all weights zero", 3, 8, { weights: [0, 0, 0] }),
  loss("more users than a workgroup", 133, 6),
  loss("huge scores", 4, 10, { scale: 1e4 }, { gradientTolerance: 1e-4 }),
]);
