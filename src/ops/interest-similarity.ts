import shader from "../../shaders/interest_similarity.wgsl";
import backwardShader from "../../shaders/interest_similarity_backward.wgsl";
import { fail } from "../errors.ts";
import { f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, Op, Tensor, Value } from "../graph/graph.ts";
import { requireShapes, rowPitch, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/interest-similarity.ts";

/**
 * How alike the interests of each user are: the mean over pairs of active ones of `max(0, cosine - margin)^2`. Interests that are
 * far enough apart cost nothing, and so do a user's that has fewer than two.
 * @param interests `[B, K, d]`
 * @param interestCounts active interests of each user, u32 `[B]`
 * @param options `margin`, the cosine that costs nothing, from 0 to 1; default 0
 * @returns `[B]`
 */
export function interestSimilarity(
  interests: Value,
  interestCounts: Value,
  { margin = 0 }: { margin?: number } = {},
): Value {
  const fits = interests.shape.length === 3 && sameShape(interestCounts.shape, [interests.shape[0]!]);
  requireShapes(fits, "interestSimilarity", "interests [B, K, d] and interestCounts [B]", {
    interests: interests.shape,
    interestCounts: interestCounts.shape,
  });
  requireMargin("interestSimilarity", margin);
  return interests.graph.apply(interestSimilarityOp, [interests, interestCounts], margin)[0]!;
}

export function requireMargin(op: string, margin: number): void {
  if (!(margin >= 0 && margin <= 1)) fail(`${op}: expected a margin from 0 to 1, got ${margin}`);
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;

function sizesOf({ shape }: Pick<Value, "shape">): reference.InterestSimilaritySizes {
  const [users, interests, d] = shape as [number, number, number];
  return { users, interests, d };
}

const params = (v: Value, coefficients: Value) => ({
  users: u32(v.shape[0]!),
  interests: u32(v.shape[1]!),
  quads: u32(rowPitch(v.shape, "f32") / 4),
  pitch: u32(rowPitch(coefficients.shape, "f32")),
});

/** Attribute: the margin. Outputs: the similarities; by what factors the interests make up their gradient. */
const interestSimilarityOp: Op<number> = {
  name: "interestSimilarity",
  outputs: ([v]) => {
    const { users, interests } = sizesOf(v!);
    return [{ shape: [users] }, { shape: [users, interests, interests] }];
  },
  gradient: ({ inputs: [v], outputs: [, coefficients] }, [g]) => [
    v!.graph.apply(interestSimilarityBackwardOp, [v!, coefficients!, g!], undefined)[0]!,
    null,
  ],
  reference: ([v, counts], margin) =>
    reference.interestSimilarity(data(v), counts!.data as Uint32Array, margin, sizesOf(v!)),
  kernels: ({ inputs: [v, counts], outputs: [similarity, coefficients], attributes: margin }, { isUsed }) => [
    similarityDispatch(
      { v: v!, counts: counts!, similarity: similarity!, coefficients: coefficients! },
      { margin, keep: isUsed(coefficients!) },
    ),
  ],
};

/** The launch of the similarities and their coefficients; with `weights` they are added to users' shares of a loss, `scale` times. */
export function similarityDispatch(
  values: Readonly<Record<"v" | "counts" | "similarity" | "coefficients", Value>> & { readonly weights?: Value },
  { margin, keep, scale = 1 }: { readonly margin: number; readonly keep: boolean; readonly scale?: number },
): Dispatch {
  const { v, counts, weights, similarity, coefficients } = values;
  return {
    shader,
    constants: { weighted: Number(weights !== undefined) },
    params: {
      ...params(v, coefficients),
      keep: u32(keep ? 1 : 0),
      margin: f32(margin),
      epsilon: f32(reference.similarityEpsilon),
      scale: f32(scale),
    },
    bindings: [...[v, counts, weights ?? v].map(read), write(similarity), write(coefficients)],
    workgroups: gridOf(v.shape[0]!),
  };
}

const interestSimilarityBackwardOp: Op<undefined> = {
  name: "interestSimilarityBackward",
  outputs: ([v]) => [{ shape: v!.shape }],
  reference: ([v, coefficients, g]) => [
    reference.interestSimilarityBackward(data(v), data(coefficients), data(g), sizesOf(v!)),
  ],
  kernels: ({ inputs: [v, coefficients, g], outputs: [dv] }) => {
    const { users, interests } = sizesOf(v!);
    return [
      {
        shader: backwardShader,
        params: params(v!, coefficients!),
        bindings: [read(v!), read(coefficients!), read(g!), write(dv!)],
        workgroups: gridOf((users * interests * rowPitch(v!.shape, "f32")) / 4),
      },
    ];
  },
};
