import shader from "../../shaders/label_aware_attention.wgsl";
import backwardShader from "../../shaders/label_aware_attention_backward.wgsl";
import { fail } from "../errors.ts";
import { f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowPitch } from "../graph/shape.ts";
import * as reference from "../reference/label-aware-attention.ts";

export interface LabelAwareAttentionOptions {
  /**
   * How the dot products `s_j = v_j . y` become weights; default `"hard"`.
   * - `"hard"`: 1 for the largest, the lowest j winning a tie (the paper's power going to infinity);
   * - `"scaled"`: `softmax(scale s_j)`;
   * - `"pow"`: `softmax(s_j^power)`, the paper's formula, for parity. An even integer power loses the sign of `s_j`; a negative
   *   `s_j` counts as 0 where the power is no integer; `|s_j|^power` is held to 1e30. In single precision the weights are good
   *   to about `1e-6 |s_j|^power`, so keep that below 1e3.
   */
  readonly mode?: "hard" | "scaled" | "pow";
  /** Of mode `"scaled"`; default 1. */
  readonly scale?: number;
  /** Of mode `"pow"`, at least 0, where 0 averages; default 2. */
  readonly power?: number;
}

/**
 * Label-aware attention (MIND, eq. 8): blends a user's active interests by how well they match the label.
 * The gradient flows through the sum and the weights; in mode `"hard"` to the chosen interest alone and not to the label.
 * @param interests interests `[B, K, d]`
 * @param interestCounts active interests of each user, u32 `[B]`; a user with none gets zeros
 * @param label the item to predict, `[B, d]`
 * @returns `[B, d]`
 */
export function labelAwareAttention(
  interests: Value,
  interestCounts: Value,
  label: Value,
  options: LabelAwareAttentionOptions = {},
): Value {
  const [users, , dimension] = interests.shape;
  requireShapes(
    interests.shape.length === 3 &&
      interestCounts.shape.length === 1 &&
      interestCounts.shape[0] === users &&
      label.shape.length === 2 &&
      label.shape[0] === users &&
      label.shape[1] === dimension,
    "labelAwareAttention",
    "interests [B, K, d], interestCounts [B] and label [B, d]",
    { interests: interests.shape, interestCounts: interestCounts.shape, label: label.shape },
  );
  const { mode = "hard", scale = 1, power = 2 } = options;
  if (!(mode in modes)) fail(`labelAwareAttention: expected mode ${Object.keys(modes).join(", ")}, got ${mode}`);
  if (!Number.isFinite(scale)) fail(`labelAwareAttention: expected a finite scale, got ${scale}`);
  if (!(power >= 0 && Number.isFinite(power))) {
    fail(
      `labelAwareAttention: expected a finite power of at least 0, got ${power}; mode "hard" is the limit of large powers`,
    );
  }
  return interests.graph.apply(attentionOp, [interests, interestCounts, label], { mode, scale, power })[0]!;
}

const modes = { hard: 0, scaled: 1, pow: 2 } as const;

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

function params(interests: Value, { mode, scale, power }: reference.AttentionRule) {
  const [users, most] = interests.shape as [number, number];
  return {
    users: u32(users),
    interests: u32(most),
    pitch: u32(rowPitch([users, most], "f32")),
    quads: u32(rowPitch(interests.shape, "f32") / 4),
    mode: u32(modes[mode]),
    parity: u32(Number.isInteger(power) ? power % 2 : 2),
    scale: f32(scale),
    power: f32(power),
  };
}

const attentionOp: Op<reference.AttentionRule> = {
  name: "labelAwareAttention",
  outputs: ([interests, , label]) => [{ shape: label!.shape }, { shape: interests!.shape.slice(0, 2) }],
  gradient({ inputs, outputs: [, alpha], attributes }, [g]) {
    const [interests, counts, label] = inputs as [Value, Value, Value];
    const [dInterests, dLabel] = interests.graph.apply(
      attentionBackwardOp,
      [interests, counts, label, g!, alpha!],
      attributes,
    );
    return [dInterests!, null, attributes.mode === "hard" ? null : dLabel!];
  },
  reference: ([interests, counts, label], rule) =>
    reference.labelAwareAttention(data(interests), ids(counts), data(label), lastDimension(label!.shape), rule),
  // The weights are worked out in place.
  workspace: [1],
  kernels: ({ inputs: [interests, counts, label], outputs: [result, alpha], attributes }) => [
    {
      shader,
      params: params(interests!, attributes),
      bindings: [read(interests!), read(counts!), read(label!), write(result!), write(alpha!)],
      workgroups: gridOf(interests!.shape[0]!),
    },
  ],
};

const attentionBackwardOp: Op<reference.AttentionRule> = {
  name: "labelAwareAttentionBackward",
  outputs: ([interests, , label]) => [{ shape: interests!.shape }, { shape: label!.shape }],
  scratch: ([interests]) => [{ shape: interests!.shape.slice(0, 2) }],
  reference: ([interests, counts, label, g, alpha], rule) =>
    reference.labelAwareAttentionBackward(
      data(interests),
      ids(counts),
      data(label),
      data(g),
      data(alpha),
      lastDimension(label!.shape),
      rule,
    ),
  kernels: ({ inputs: [interests, counts, label, g, alpha], outputs: [dv, dy], scratch: [ds], attributes }) => [
    {
      shader: backwardShader,
      params: params(interests!, attributes),
      bindings: [
        read(interests!),
        read(counts!),
        read(label!),
        read(g!),
        read(alpha!),
        write(dv!),
        write(dy!),
        write(ds!),
      ],
      workgroups: gridOf(interests!.shape[0]!),
    },
  ],
};
