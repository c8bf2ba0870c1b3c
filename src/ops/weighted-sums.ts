import shader from "../../shaders/weighted_sums.wgsl";
import backwardShader from "../../shaders/weighted_sums_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/weighted-sums.ts";

/**
 * For each interest, the sum of the behaviours with its weights.
 * @param weights `[batch, length, interests]`, 0 for padded behaviours
 * @param rows `[batch, length, d]`
 * @returns `[batch, interests, d]`
 */
export function weightedSums(weights: Value, rows: Value): Value {
  const fits =
    weights.shape.length === 3 &&
    rows.shape.length === 3 &&
    sameShape(weights.shape.slice(0, 2), rows.shape.slice(0, 2));
  requireShapes(fits, "weightedSums", "weights [batch, length, interests] and rows [batch, length, d]", {
    weights: weights.shape,
    rows: rows.shape,
  });
  return weights.graph.apply(weightedSumsOp, [weights, rows], undefined)[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;
const quads = (width: number) => Math.ceil(width / 4);

type Shaped = Pick<Value, "shape">;

function sizesOf(weights: Shaped, rows: Shaped): reference.WeightedSumsSizes {
  const [batch, length, interests] = weights.shape as [number, number, number];
  return { batch, length, interests, d: lastDimension(rows.shape) };
}

const weightedSumsOp: Op<undefined> = {
  name: "weightedSums",
  outputs([weights, rows]) {
    const { batch, interests, d } = sizesOf(weights!, rows!);
    return [{ shape: [batch, interests, d] }];
  },
  gradient: ({ inputs }, [dv]) => dv!.graph.apply(weightedSumsBackwardOp, [...inputs, dv!], undefined),
  reference: ([weights, rows]) => [reference.weightedSums(data(weights!), data(rows!), sizesOf(weights!, rows!))],
  kernels({ inputs: [weights, rows], outputs: [sums] }) {
    const { batch, length, interests, d } = sizesOf(weights!, rows!);
    return [
      {
        shader,
        params: {
          batch: u32(batch),
          length: u32(length),
          interests: u32(interests),
          interestQuads: u32(quads(interests)),
          dQuads: u32(quads(d)),
        },
        bindings: [read(weights!), read(rows!), write(sums!)],
        workgroups: gridOf(batch * quads(interests) * quads(d)),
      },
    ];
  },
};

const weightedSumsBackwardOp: Op<undefined> = {
  name: "weightedSumsBackward",
  outputs: ([weights, rows]) => [{ shape: weights!.shape }, { shape: rows!.shape }],
  reference([weights, rows, dv]) {
    const sizes = sizesOf(weights!, rows!);
    const { dw, de } = reference.weightedSumsBackward(data(weights!), data(rows!), data(dv!), sizes);
    return [dw, de];
  },
  kernels({ inputs, outputs }) {
    const { batch, length, interests, d } = sizesOf(inputs[0]!, inputs[1]!);
    return [
      {
        shader: backwardShader,
        params: {
          rows: u32(batch * length),
          length: u32(length),
          interests: u32(interests),
          interestQuads: u32(quads(interests)),
          dQuads: u32(quads(d)),
        },
        bindings: [...inputs.map(read), ...outputs.map(write)],
        workgroups: gridOf(batch * length),
      },
    ];
  },
};
