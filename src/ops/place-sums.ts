import shader from "../../shaders/place_sums.wgsl";
import backwardShader from "../../shaders/place_sums_backward.wgsl";
import weightsShader from "../../shaders/place_sums_backward_weights.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { bufferElements, lastDimension, requireShapes, rowPitch } from "../graph/shape.ts";
import * as reference from "../reference/place-sums.ts";

/**
 * Several sums of each user's rows, in which every place counts, column by column, with weights of its own: y_bj = sum_t w_jt * x_bt.
 * @param rows `[batch, places, d]`, zeros where there is nothing
 * @param weights `[outputs, places, d]`
 * @returns `[batch, outputs, d]`
 */
export function placeSums(rows: Value, weights: Value): Value {
  const fits =
    rows.shape.length === 3 &&
    weights.shape.length === 3 &&
    rows.shape[1] === weights.shape[1] &&
    rows.shape[2] === weights.shape[2];
  requireShapes(fits, "placeSums", "rows [batch, places, d] and weights [outputs, places, d]", {
    rows: rows.shape,
    weights: weights.shape,
  });
  return rows.graph.apply(placeSumsOp, [rows, weights], undefined)[0]!;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;

type Shaped = Pick<Value, "shape"> | undefined;

const sizesOf = (rows: Shaped, weights: Shaped): reference.PlaceSumsSizes => {
  const [batch, places, d] = rows!.shape as [number, number, number];
  return { batch, places, d, outputs: weights!.shape[0]! };
};

/** Sizes for the kernels, and an invocation for each vec4 that they write. */
function launchOf(written: Value, { outputs, places }: Pick<reference.PlaceSumsSizes, "outputs" | "places">) {
  const quads = rowPitch(written.shape, "f32") / 4;
  const count = bufferElements(written.shape, "f32") / 4;
  return {
    params: {
      rows: u32(count / quads),
      outputs: u32(outputs),
      places: u32(places),
      quads: u32(quads),
    },
    workgroups: gridOf(count),
  };
}

const placeSumsOp: Op<undefined> = {
  name: "placeSums",
  outputs: ([rows, weights]) => [{ shape: [rows!.shape[0]!, weights!.shape[0]!, lastDimension(rows!.shape)] }],
  gradient: ({ inputs: [rows, weights] }, [dy]) => [
    dy!.graph.apply(backwardOp, [dy!, weights!], undefined)[0]!,
    dy!.graph.apply(backwardWeightsOp, [dy!, rows!], undefined)[0]!,
  ],
  reference: ([rows, weights]) => [reference.placeSums(data(rows), data(weights), sizesOf(rows, weights))],
  kernels({ inputs: [rows, weights], outputs: [sums] }) {
    const { params, workgroups } = launchOf(sums!, sizesOf(rows, weights));
    return [{ shader, params, bindings: [read(rows!), read(weights!), write(sums!)], workgroups }];
  },
};

const backwardOp: Op<undefined> = {
  name: "placeSumsBackward",
  outputs: ([dy, weights]) => [{ shape: [dy!.shape[0]!, ...weights!.shape.slice(1)] }],
  reference: ([dy, weights]) => {
    const [outputs, places, d] = weights!.shape as [number, number, number];
    return [reference.placeSumsBackward(data(dy), data(weights), { batch: dy!.shape[0]!, outputs, places, d })];
  },
  kernels({ inputs: [dy, weights], outputs: [dx] }) {
    const { params, workgroups } = launchOf(dx!, sizesOf(dx, weights));
    return [{ shader: backwardShader, params, bindings: [read(dy!), read(weights!), write(dx!)], workgroups }];
  },
};

const backwardWeightsOp: Op<undefined> = {
  name: "placeSumsBackwardWeights",
  outputs: ([dy, rows]) => [{ shape: [dy!.shape[1]!, ...rows!.shape.slice(1)] }],
  reference: ([dy, rows]) => {
    const [batch, places, d] = rows!.shape as [number, number, number];
    return [reference.placeSumsBackwardWeights(data(dy), data(rows), { batch, places, d, outputs: dy!.shape[1]! })];
  },
  kernels({ inputs: [dy, rows], outputs: [dw] }) {
    const { params, workgroups } = launchOf(dw!, sizesOf(rows, dw));
    const { rows: written, ...sizes } = params;
    return [
      {
        shader: weightsShader,
        params: { rows: written, batch: u32(rows!.shape[0]!), ...sizes },
        bindings: [read(dy!), read(rows!), write(dw!)],
        workgroups,
      },
    ];
  },
};
