import shader from "../../shaders/sampled_softmax_loss.wgsl";
import hardShader from "../../shaders/sampled_softmax_loss_hard.wgsl";
import hardWorkgroupShader from "../../shaders/sampled_softmax_loss_hard_workgroup.wgsl";
import sumShader from "../../shaders/sampled_softmax_loss_sum.wgsl";
import workgroupShader from "../../shaders/sampled_softmax_loss_workgroup.wgsl";
import { fail } from "../errors.ts";
import { f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, KernelTarget, Op, Tensor, Value } from "../graph/graph.ts";
import { requireShapes } from "../graph/shape.ts";
import { noWinner, winnerWords } from "../reference/best-scores.ts";
import * as reference from "../reference/sampled-softmax-loss.ts";
import { sizesOf } from "./best-scores.ts";
import { candidatesGradient, interestsGradient } from "./best-scores-backward.ts";
import { scoreDispatches } from "./best-scores-kernels.ts";
import { requireMargin, similarityDispatch } from "./interest-similarity.ts";
import { eachFamily, type FamilyName, quadsOf } from "./matmul-kernels.ts";

export type { Decorrelation } from "../reference/sampled-softmax-loss.ts";

export interface SampledSoftmaxLossInputs {
  /** What scores the candidates, each by the best: interests `[B, K, d]`, K at most 255, or one vector for each user, `[B, d]`. */
  readonly interests: Value;
  /** Active interests of each user, u32 `[B]`. */
  readonly interestCounts: Value;
  /** Embeddings of the negatives that all users share, `[M, d]`. */
  readonly negatives: Value;
  /** Embeddings of the positives, `[B, d]`. */
  readonly positive: Value;
  /** Items of the positives, u32 `[B]`. */
  readonly targetIds: Value;
  /** Items of the negatives, u32 `[M]`; where one is the user's own target it is left out, and so is one of id 0. */
  readonly negativeIds: Value;
  /** Weight of each user in the mean, at least 0, `[B]`; 0 for padded users. */
  readonly weights: Value;
  /** `log(M q(item))` for each item, `[V + 1]`: the log of how often it is expected among the negatives. Not differentiated. */
  readonly logExpected?: Value | undefined;
}

/**
 * Sampled softmax cross-entropy with log q correction: the weighted mean over users of `-log softmax(l)_0`,
 * `l_0 = s_0 / T - logExpected(target)`, `l_m = s_m / T - logExpected(negative m)`, where a score is the largest product of the
 * candidate with an active interest, the lowest winning a tie. All weights 0: loss 0, gradients 0.
 *
 * With `hardness` the exponentials of the negatives are weighted by `e^(hardness s_m / T)` over the mean of these weights (interest-aware
 * hard negatives, REMI, RecSys 2023), a mean that counts each item of the catalogue alike: it weighs a negative by 1 / (M q). The
 * gradient flows through the weights, as in the authors' code.
 *
 * With `decorrelation` each user's loss has `scale` times the similarity of its interests more, as `interestSimilarity` measures it.
 *
 * The scores are stored, and the gradient for them takes their place: computing them again in each gradient would make five
 * products of three, against a few bytes for each of the 2 K d operations of a score.
 * @param options `temperature` T, above 0, default 1; `hardness`, at least 0, default 0; `decorrelation`, of interests `[B, K, d]`,
 * default none
 * @returns the loss, `[1]`
 */
export function sampledSoftmaxLoss(
  inputs: SampledSoftmaxLossInputs,
  { temperature = 1, hardness = 0, decorrelation }: Partial<reference.SampledSoftmaxRule> = {},
): Value {
  const { interests, interestCounts, negatives, positive, targetIds, negativeIds, weights, logExpected } = inputs;
  const [users] = interests.shape;
  const d = interests.shape.at(-1);
  const perUser = [interestCounts, targetIds, weights];
  requireShapes(
    (interests.shape.length === 2 || interests.shape.length === 3) &&
      perUser.every((value) => value.shape.length === 1 && value.shape[0] === users) &&
      positive.shape.length === 2 &&
      positive.shape[0] === users &&
      negatives.shape.length === 2 &&
      [positive, negatives].every((value) => value.shape[1] === d) &&
      negativeIds.shape.length === 1 &&
      negativeIds.shape[0] === negatives.shape[0] &&
      (logExpected === undefined || logExpected.shape.length === 1),
    "sampledSoftmaxLoss",
    "interests [B, K, d] or [B, d], interestCounts [B], negatives [M, d], positive [B, d], targetIds [B], negativeIds [M], weights [B] and logExpected [V + 1]",
    Object.fromEntries(
      Object.entries(inputs).flatMap(([name, value]) => (value ? [[name, (value as Value).shape]] : [])),
    ),
  );
  const most = sizesOf(interests, negatives).interests;
  if (most > noWinner) fail(`sampledSoftmaxLoss: expected at most ${noWinner} interests, got ${most}`);
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    fail(`sampledSoftmaxLoss: expected a temperature above 0, got ${temperature}`);
  }
  if (!(hardness >= 0 && Number.isFinite(hardness))) {
    fail(`sampledSoftmaxLoss: expected a hardness of at least 0, got ${hardness}`);
  }
  if (decorrelation) {
    requireMargin("sampledSoftmaxLoss", decorrelation.margin);
    const { shape } = interests;
    requireShapes(shape.length === 3, "sampledSoftmaxLoss", "interests [B, K, d] to keep apart", { interests: shape });
  }
  const values = [interests, interestCounts, negatives, positive, targetIds, negativeIds, weights];
  const all = logExpected ? [...values, logExpected] : values;
  return interests.graph.apply(sampledSoftmaxLossOp, all, { temperature, hardness, decorrelation })[0]!;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

/**
 * Outputs: the loss; its gradient for the negatives' scores, and their winners; that for the positives' scores, and theirs; with
 * decorrelation how much the interests of a user make up of each other's gradients.
 */
const sampledSoftmaxLossOp: Op<reference.SampledSoftmaxRule> = {
  name: "sampledSoftmaxLoss",
  outputs([interests, , negatives], { decorrelation }) {
    const { users, interests: most, candidates } = sizesOf(interests!, negatives!);
    return [
      { shape: [1] },
      { shape: [users, candidates] },
      { shape: [users, winnerWords(candidates)], type: "u32" },
      { shape: [2 * users] },
      ...(decorrelation ? [{ shape: [users, most, most] }] : []),
    ];
  },
  // The scores are there first.
  workspace: [1],
  scratch: ([, counts]) => [{ shape: counts!.shape }],
  gradient({ inputs, outputs }, [upstream]) {
    const [interests, , candidates, positive] = inputs as [Value, Value, Value, Value];
    const [, g, winners, gradient, coefficients] = outputs as [Value, Value, Value, Value, Value?];
    const sizes = sizesOf(interests, candidates);
    const own = { interests, candidate: positive, gradient, upstream: upstream!, coefficients };
    const [dInterests, dPositive] = interestsGradient({ candidates, g, winners }, sizes, interests.shape, own);
    const dNegatives = candidatesGradient({ interests, g, winners }, sizes, upstream!);
    return [dInterests!, null, dNegatives, dPositive!, ...inputs.slice(4).map(() => null)];
  },
  reference([interests, counts, negatives, positive, targetIds, negativeIds, weights, logExpected], rule) {
    const inputs = {
      interests: data(interests),
      counts: ids(counts),
      negatives: data(negatives),
      positive: data(positive),
      targetIds: ids(targetIds),
      negativeIds: ids(negativeIds),
      weights: data(weights),
      ...(logExpected ? { logExpected: data(logExpected) } : {}),
    };
    return reference.sampledSoftmaxLoss(inputs, sizesOf(interests!, negatives!), rule);
  },
  families: eachFamily((family, { inputs, outputs, scratch: [terms], attributes }, target) => {
    const [interests, counts, negatives] = inputs as [Value, Value, Value];
    const [loss, scores, winners, own] = outputs as [Value, Value, Value, Value];
    const sizes = sizesOf(interests, negatives);
    const values = { interests, counts, candidates: negatives, scores, winners };
    return [
      ...scoreDispatches(family, sizes, target, values),
      softmaxDispatch(family, inputs, [scores, own, terms!], attributes, target.isUsed(scores)),
      ...apartDispatches(inputs, [terms!, outputs[4]], attributes, target),
      {
        shader: sumShader,
        params: { users: u32(sizes.users) },
        bindings: [read(terms!), write(loss)],
        workgroups: [1, 1, 1],
      },
    ];
  }),
};

/** The launch that adds what similar interests cost to the terms of a loss, if anything; of the inputs, interests, counts and weights. */
export function apartDispatches(
  [v, counts, , , , , weights]: readonly Value[],
  [similarity, coefficients]: readonly [Value, Value?],
  { decorrelation }: reference.SampledSoftmaxRule,
  { isUsed }: KernelTarget,
): Dispatch[] {
  if (!decorrelation || !coefficients) return [];
  const values = { v: v!, counts: counts!, weights: weights!, similarity, coefficients };
  return [similarityDispatch(values, { ...decorrelation, keep: isUsed(coefficients) })];
}

/** The launch that makes terms of the loss and gradients of scores. */
function softmaxDispatch(
  family: FamilyName,
  inputs: readonly Value[],
  written: readonly Value[],
  { temperature, hardness }: reference.SampledSoftmaxRule,
  keepGradient: boolean,
): Dispatch {
  const [interests, counts, negatives, positive, targetIds, negativeIds, weights, logExpected] = inputs;
  const sizes = sizesOf(interests!, negatives!);
  const given = [interests!, counts!, positive!, targetIds!, weights!, negativeIds!, logExpected ?? weights!];
  const [plain, workgroup] = hardness > 0 ? [hardShader, hardWorkgroupShader] : [shader, workgroupShader];
  return {
    shader: family === "workgroup" ? workgroup : plain,
    params: {
      users: u32(sizes.users),
      interests: u32(sizes.interests),
      negatives: u32(sizes.candidates),
      quads: u32(quadsOf(interests!.shape)),
      corrected: u32(logExpected ? 1 : 0),
      keepGradient: u32(keepGradient ? 1 : 0),
      inverseTemperature: f32(1 / temperature),
      ...(hardness > 0 && { hardness: f32(hardness) }),
    },
    bindings: [...given.map(read), ...written.map(write)],
    workgroups: gridOf(sizes.users, family === "workgroup" ? 1 : 64),
  };
}
