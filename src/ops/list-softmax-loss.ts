import shader from "../../shaders/list_softmax_loss.wgsl";
import backwardShader from "../../shaders/list_softmax_loss_backward.wgsl";
import scoresShader from "../../shaders/list_softmax_loss_scores.wgsl";
import sumShader from "../../shaders/sampled_softmax_loss_sum.wgsl";
import { fail } from "../errors.ts";
import { f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowPitch, sameShape } from "../graph/shape.ts";
import { noWinner } from "../reference/best-scores.ts";
import * as reference from "../reference/list-softmax-loss.ts";
import type { SampledSoftmaxRule } from "../reference/sampled-softmax-loss.ts";
import { requireMargin } from "./interest-similarity.ts";
import { apartDispatches } from "./sampled-softmax-loss.ts";

export interface ListSoftmaxLossInputs {
  /** What scores the candidates, each by the best: interests `[B, K, d]`, K at most 255, or one vector for each user, `[B, d]`. */
  readonly interests: Value;
  /** Active interests of each user, u32 `[B]`. */
  readonly interestCounts: Value;
  /** Embeddings of each user's own negatives, `[B, M, d]`. */
  readonly negatives: Value;
  /** Embeddings of the positives, `[B, d]`. */
  readonly positive: Value;
  /** Items of the positives, u32 `[B]`. */
  readonly targetIds: Value;
  /** Items of the negatives, u32 `[B, M]`; one that is the user's target is left out, and so is one of id 0, which pads a list. */
  readonly negativeIds: Value;
  /** Weight of each user in the mean, at least 0, `[B]`; 0 for padded users. */
  readonly weights: Value;
}

/**
 * List-wise softmax cross-entropy: the weighted mean over users of `-log softmax(s / T)_0` over the scores of the positive and of the
 * user's own negatives, a score being the largest product of the candidate with an active interest, the lowest winning a tie. A user
 * whose list is empty costs nothing; all weights 0: loss 0, gradients 0.
 *
 * With `decorrelation` each user's loss has `scale` times the similarity of its interests more, as `interestSimilarity` measures it.
 *
 * There is no log q correction: how a given list was drawn is not known, and list-wise training (torch-rechub) has none.
 * @param options `temperature` T, above 0, default 1; `hardness`, at least 0, default 0: weighs the negatives of a list by
 * `e^(hardness s / T)` over the mean of these weights, as `sampledSoftmax` does; `decorrelation`, of interests `[B, K, d]`, default none
 * @returns the loss, `[1]`
 */
export function listSoftmaxLoss(
  inputs: ListSoftmaxLossInputs,
  { temperature = 1, hardness = 0, decorrelation }: Partial<SampledSoftmaxRule> = {},
): Value {
  const { interests, interestCounts, negatives, positive, targetIds, negativeIds, weights } = inputs;
  const values = { interests, interestCounts, positive, negatives, targetIds, negativeIds, weights };
  const [users] = interests.shape as [number];
  const d = lastDimension(interests.shape);
  requireShapes(
    (interests.shape.length === 2 || interests.shape.length === 3) &&
      [interestCounts, targetIds, weights].every((value) => sameShape(value.shape, [users])) &&
      sameShape(positive.shape, [users, d]) &&
      negativeIds.shape.length === 2 &&
      sameShape(negatives.shape, [users, negativeIds.shape[1]!, d]),
    "listSoftmaxLoss",
    "interests [B, K, d] or [B, d], interestCounts [B], negatives [B, M, d], positive [B, d], targetIds [B], negativeIds [B, M] and weights [B]",
    Object.fromEntries(Object.entries(values).map(([name, { shape }]) => [name, shape])),
  );
  const most = sizesOf(interests, negatives).interests;
  if (most > noWinner) fail(`listSoftmaxLoss: expected at most ${noWinner} interests, got ${most}`);
  if (!(temperature > 0 && Number.isFinite(temperature)))
    fail(`listSoftmaxLoss: expected a temperature above 0, got ${temperature}`);
  if (!(hardness >= 0 && Number.isFinite(hardness)))
    fail(`listSoftmaxLoss: expected a hardness of at least 0, got ${hardness}`);
  if (decorrelation) {
    requireMargin("listSoftmaxLoss", decorrelation.margin);
    const { shape } = interests;
    requireShapes(shape.length === 3, "listSoftmaxLoss", "interests [B, K, d] to keep apart", { interests: shape });
  }
  const rule = { temperature, hardness, decorrelation };
  return interests.graph.apply(listSoftmaxLossOp, Object.values(values), rule)[0]!;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

type Shaped = Pick<Value, "shape">;

const sizesOf = (interests: Shaped, negatives: Shaped): reference.ListSoftmaxSizes => ({
  users: interests.shape[0]!,
  interests: interests.shape.length === 3 ? interests.shape[1]! : 1,
  negatives: negatives.shape[1]!,
  dimension: lastDimension(interests.shape),
});

const params = ({ users, interests, negatives }: reference.ListSoftmaxSizes, rows: Value) => ({
  users: u32(users),
  interests: u32(interests),
  negatives: u32(negatives),
  quads: u32(rowPitch(rows.shape, "f32") / 4),
});

/**
 * Outputs: the loss; its gradient for the scores of the positive and the negatives, and their winners; with decorrelation how much
 * the interests of a user make up of each other's gradients.
 */
const listSoftmaxLossOp: Op<SampledSoftmaxRule> = {
  name: "listSoftmaxLoss",
  outputs([interests, , , negatives], { decorrelation }) {
    const { users, interests: most, negatives: count } = sizesOf(interests!, negatives!);
    const shape = [users, 1 + count];
    return [
      { shape: [1] },
      { shape },
      { shape, type: "u32" },
      ...(decorrelation ? [{ shape: [users, most, most] }] : []),
    ];
  },
  // The scores are there first.
  workspace: [1],
  scratch: ([, counts]) => [{ shape: counts!.shape }],
  gradient({ inputs, outputs: [, g, winners, coefficients] }, [upstream]) {
    const [interests, , positive, negatives, ...others] = inputs as [Value, Value, Value, Value];
    const [dInterests, dPositive, dNegatives] = interests.graph.apply(
      listSoftmaxLossBackwardOp,
      [interests, positive, negatives, g!, winners!, upstream!, ...(coefficients ? [coefficients] : [])],
      undefined,
    );
    return [dInterests!, null, dPositive!, dNegatives!, ...others.map(() => null)];
  },
  reference([interests, counts, positive, negatives, targetIds, negativeIds, weights], rule) {
    const inputs = {
      interests: data(interests),
      counts: ids(counts),
      positive: data(positive),
      negatives: data(negatives),
      targetIds: ids(targetIds),
      negativeIds: ids(negativeIds),
      weights: data(weights),
    };
    return reference.listSoftmaxLoss(inputs, sizesOf(interests!, negatives!), rule);
  },
  kernels(
    { inputs, outputs: [loss, scores, winners, coefficients], scratch: [terms], attributes },
    target,
  ): Dispatch[] {
    const [interests, counts, positive, negatives, targetIds, negativeIds, weights] = inputs as [Value, ...Value[]];
    const sizes = sizesOf(interests, negatives!);
    const { users } = sizes;
    return [
      {
        shader: scoresShader,
        params: params(sizes, interests),
        bindings: [...[interests, counts!, positive!, negatives!].map(read), write(scores!), write(winners!)],
        workgroups: gridOf(users * rowPitch(scores!.shape, "f32")),
      },
      {
        shader,
        params: {
          users: u32(users),
          negatives: u32(sizes.negatives),
          inverseTemperature: f32(1 / attributes.temperature),
          hardness: f32(attributes.hardness),
        },
        bindings: [...[targetIds!, negativeIds!, weights!].map(read), write(scores!), write(terms!)],
        workgroups: gridOf(users),
      },
      ...apartDispatches(inputs, [terms!, coefficients], attributes, target),
      {
        shader: sumShader,
        params: { users: u32(users) },
        bindings: [read(terms!), write(loss!)],
        workgroups: [1, 1, 1],
      },
    ];
  },
};

const listSoftmaxLossBackwardOp: Op<undefined> = {
  name: "listSoftmaxLossBackward",
  outputs: (rows) => rows.slice(0, 3).map(({ shape }) => ({ shape })),
  reference([interests, positive, negatives, g, winners, upstream, coefficients]) {
    const rows = { interests: data(interests), positive: data(positive), negatives: data(negatives) };
    const sizes = sizesOf(interests!, negatives!);
    return reference
      .listSoftmaxLossBackward(rows, data(g), ids(winners), sizes, coefficients && data(coefficients))
      .map((gradient) => gradient.map((value) => value * data(upstream)[0]!));
  },
  kernels({ inputs, outputs }) {
    const [interests, , negatives, g, , , coefficients] = inputs as [Value, Value, Value, Value, Value, Value, Value?];
    const sizes = sizesOf(interests, negatives);
    const rows = sizes.users * (sizes.interests + 1 + sizes.negatives);
    return [
      {
        shader: backwardShader,
        constants: { apart: Number(coefficients !== undefined) },
        params: params(sizes, interests),
        bindings: [...inputs.slice(0, 6).map(read), read(coefficients ?? g), ...outputs.map(write)],
        workgroups: gridOf((rows * rowPitch(interests.shape, "f32")) / 4),
      },
    ];
  },
};
