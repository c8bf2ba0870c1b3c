import shader from "../../shaders/softmax_loss.wgsl";
import backwardShader from "../../shaders/softmax_loss_backward.wgsl";
import positiveShader from "../../shaders/softmax_loss_backward_positive.wgsl";
import negativesShader from "../../shaders/softmax_loss_negatives.wgsl";
import sumShader from "../../shaders/softmax_loss_sum.wgsl";
import { fail } from "../errors.ts";
import { type Dispatch, f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, OutputSpec, Tensor, Value } from "../graph/graph.ts";
import { requireShapes, rowPitch } from "../graph/shape.ts";
import * as reference from "../reference/softmax-loss.ts";

export interface SoftmaxLossInputs {
  /** Scores of the positives, `[B]`. */
  readonly positive: Value;
  /** Scores of the shared negatives, `[B, M]`. */
  readonly negatives: Value;
  /** Items of the positives, u32 `[B]`. */
  readonly targetIds: Value;
  /** Items of the negatives, u32 `[M]`; where one is the user's own target it is left out. */
  readonly negativeIds: Value;
  /** Weight of each user in the mean, at least 0, `[B]`; 0 for padded users. */
  readonly weights: Value;
  /** `log(M q(item))` for each item, `[V + 1]`: the log of how often it is expected among the negatives. Not differentiated. */
  readonly logExpected?: Value;
}

/**
 * Sampled softmax cross-entropy with log q correction: the weighted mean over users of
 * `-log softmax(l)_0`, `l_0 = positive / T - logExpected(target)`, `l_m = negative_m / T - logExpected(negative m)`.
 * All weights 0: loss 0, gradients 0.
 * @param options `temperature` T, above 0; default 1
 * @returns the loss, `[1]`
 */
export function softmaxLoss(inputs: SoftmaxLossInputs, { temperature = 1 }: { temperature?: number } = {}): Value {
  const { positive, negatives, targetIds, negativeIds, weights, logExpected } = inputs;
  const [users, count] = negatives.shape;
  const perUser = [positive, targetIds, weights];
  requireShapes(
    negatives.shape.length === 2 &&
      perUser.every((value) => value.shape.length === 1 && value.shape[0] === users) &&
      negativeIds.shape.length === 1 &&
      negativeIds.shape[0] === count &&
      (logExpected === undefined || logExpected.shape.length === 1),
    "softmaxLoss",
    "positive [B], negatives [B, M], targetIds [B], negativeIds [M], weights [B] and logExpected [V + 1]",
    Object.fromEntries(
      Object.entries(inputs).flatMap(([name, value]) => (value ? [[name, (value as Value).shape]] : [])),
    ),
  );
  requireTemperature("softmaxLoss", temperature);
  const values = [positive, negatives, targetIds, negativeIds, weights, ...(logExpected ? [logExpected] : [])];
  return negatives.graph.apply(softmaxLossOp, values, temperature)[0]!;
}

function requireTemperature(op: string, temperature: number): void {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    fail(`${op}: expected a temperature above 0, got ${temperature}`);
  }
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

/** What both directions compute first: the bits of the negatives' corrections, then their ids, padded to whole vectors. */
const prepared = (count: number): OutputSpec => ({ shape: [2 * rowPitch([1, count], "f32")], type: "u32" });

function prepare(inputs: readonly Value[], target: Value): Dispatch {
  const [, , , negativeIds, weights, logExpected] = inputs;
  const count = negativeIds!.shape[0]!;
  return {
    shader: negativesShader,
    params: { negatives: u32(count), corrected: u32(logExpected ? 1 : 0) },
    bindings: [read(negativeIds!), read(logExpected ?? weights!), write(target)],
    workgroups: gridOf(rowPitch([1, count], "f32")),
  };
}

function params(negatives: Value, corrected: boolean, temperature: number) {
  return {
    users: u32(negatives.shape[0]!),
    quads: u32(rowPitch(negatives.shape, "f32") / 4),
    corrected: u32(corrected ? 1 : 0),
    inverseTemperature: f32(1 / temperature),
  };
}

const tensors = ([positive, negatives, targetIds, negativeIds, weights, logExpected]: readonly Tensor[]) => ({
  positive: data(positive),
  negatives: data(negatives),
  targetIds: ids(targetIds),
  negativeIds: ids(negativeIds),
  weights: data(weights),
  ...(logExpected ? { logExpected: data(logExpected) } : {}),
});

/** Attribute: the temperature. Outputs: loss, logs of the users' sums, sum of the weights. */
const softmaxLossOp: Op<number> = {
  name: "softmaxLoss",
  outputs: ([positive]) => [{ shape: [1] }, { shape: positive!.shape }, { shape: [1] }],
  scratch: ([positive, , , negativeIds]) => [prepared(negativeIds!.shape[0]!), { shape: [2, positive!.shape[0]!] }],
  gradient({ inputs, outputs: [, logSums, total], attributes }, [upstream]) {
    const saved = [logSums!, total!, upstream!];
    const [positive, negatives] = inputs[0]!.graph.apply(softmaxLossBackwardOp, [...saved, ...inputs], attributes);
    return inputs.map((_, i) => [positive!, negatives!][i] ?? null);
  },
  reference: (inputs, temperature) => reference.softmaxLoss(tensors(inputs), temperature),
  kernels({ inputs, outputs: [loss, logSums, total], scratch, attributes }) {
    const [positive, negatives, targetIds, , weights, logExpected] = inputs;
    const [prepared, terms] = scratch;
    const users = positive!.shape[0]!;
    return [
      prepare(inputs, prepared!),
      {
        shader,
        params: params(negatives!, logExpected !== undefined, attributes),
        bindings: [
          read(positive!),
          read(negatives!),
          read(targetIds!),
          read(weights!),
          read(logExpected ?? weights!),
          read(prepared!),
          write(logSums!),
          write(terms!),
        ],
        workgroups: gridOf(rowPitch([1, users], "f32")),
      },
      {
        shader: sumShader,
        params: { quads: u32(rowPitch([1, users], "f32") / 4) },
        bindings: [read(terms!), write(loss!), write(total!)],
        workgroups: [1, 1, 1],
      },
    ];
  },
};

/** Inputs: logSums, total, upstream, then those of the forward op. */
const softmaxLossBackwardOp: Op<number> = {
  name: "softmaxLossBackward",
  outputs: ([, , , positive, negatives]) => [{ shape: positive!.shape }, { shape: negatives!.shape }],
  scratch: ([, , , , , , negativeIds]) => [prepared(negativeIds!.shape[0]!)],
  reference: ([logSums, total, upstream, ...inputs], temperature) =>
    reference.softmaxLossBackward(tensors(inputs), data(logSums), data(total)[0]!, data(upstream)[0]!, temperature),
  kernels({
    inputs: [logSums, total, upstream, ...inputs],
    outputs: [dPositive, dNegatives],
    scratch: [prepared],
    attributes,
  }) {
    const [positive, negatives, targetIds, , weights, logExpected] = inputs;
    const common = params(negatives!, logExpected !== undefined, attributes);
    const perUser = [read(targetIds!), read(weights!)];
    const saved = [read(logSums!), read(total!), read(upstream!)];
    return [
      prepare(inputs, prepared!),
      {
        shader: backwardShader,
        params: common,
        bindings: [read(negatives!), ...perUser, read(prepared!), ...saved, write(dNegatives!)],
        workgroups: gridOf((negatives!.shape[0]! * rowPitch(negatives!.shape, "f32")) / 4),
      },
      {
        shader: positiveShader,
        params: common,
        bindings: [read(positive!), ...perUser, read(logExpected ?? weights!), ...saved, write(dPositive!)],
        workgroups: gridOf(negatives!.shape[0]!),
      },
    ];
  },
};
