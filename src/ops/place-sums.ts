import shader from "../../shaders/place_sums.wgsl";
import backwardShader from "../../shaders/place_sums_backward.wgsl";
import weightsShader from "../../shaders/place_sums_backward_weights.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { KernelTarget, Node, Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, sameShape } from "../graph/shape.ts";
import * as rowsOf from "../reference/concat.ts";
import * as reference from "../reference/place-sums.ts";
import { concat } from "./concat.ts";
import { isShownWhole, lookedUp } from "./gather.ts";

/**
 * Several sums of each user's rows, in which every place counts, column by column, with weights of its own: y_bj = sum_t w_jt * x_bt.
 * @param rows `[batch, places, d]`, zeros where there is nothing
 * @param weights `[outputs, places, d]`
 * @param beside what each sum is appended to, `[batch, outputs, h]`; default: nothing
 * @returns `[batch, outputs, h + d]`
 */
export function placeSums(rows: Value, weights: Value, beside?: Value): Value {
  const fits =
    rows.shape.length === 3 &&
    weights.shape.length === 3 &&
    rows.shape[1] === weights.shape[1] &&
    rows.shape[2] === weights.shape[2] &&
    (beside === undefined || sameShape(beside.shape, [rows.shape[0]!, weights.shape[0]!, lastDimension(beside.shape)]));
  requireShapes(fits, "placeSums", expectedShapes(beside), {
    rows: rows.shape,
    weights: weights.shape,
    ...(beside && { beside: beside.shape }),
  });
  // The kernels write a sum from the beginning of a vec4 on.
  if (beside && lastDimension(beside.shape) % 4 > 0) return concat(beside, placeSums(rows, weights));
  const inputs = [rows, weights, ...(beside ? [beside] : []), ...lookedUp(rows)];
  return rows.graph.apply(placeSumsOp, inputs, { width: beside ? lastDimension(beside.shape) : 0 })[0]!;
}

const expectedShapes = (beside?: Value) =>
  `rows [batch, places, d]${beside ? "," : " and"} weights [outputs, places, d]${beside ? " and beside [batch, outputs, h]" : ""}`;

/** Columns of the rows that the sums are appended to; 0 where there are none. */
interface Beside {
  readonly width: number;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;

type Shaped = Pick<Value, "shape"> | undefined;

const sizesOf = (rows: Shaped, weights: Shaped): reference.PlaceSumsSizes => {
  const [batch, places, d] = rows!.shape as [number, number, number];
  return { batch, places, d, outputs: weights!.shape[0]! };
};

/** The gradient of the sums alone, out of rows of `width` columns more. */
const sumsOf = (dy: Tensor | undefined, width: number, d: number) =>
  width === 0 ? data(dy) : rowsOf.sliceSum(data(dy), width + d, width, d, 1);

const paramsOf = ({ batch, outputs, places, d }: reference.PlaceSumsSizes, { width }: Beside) => ({
  users: u32(batch),
  outputs: u32(outputs),
  places: u32(places),
  quads: u32(Math.ceil(d / 4)),
  besideQuads: u32(width / 4),
  quadsOfTile: u32(16),
});

/** Tiles of 4 by 4 results, for each vec4 of their rows. */
const tilesOf = (rows: number, columns: number, d: number) =>
  Math.ceil(rows / 4) * Math.ceil(columns / 4) * Math.ceil(d / 4);

/** Rows, or the table and the ids to look them up by, from where these stand among the inputs; and which of the two. */
function sourceOf(rows: Value, [table, ids]: readonly Value[], target: KernelTarget) {
  const gathered = table !== undefined && isShownWhole(table, target);
  return {
    constants: { gathered: Number(gathered) },
    bindings: (gathered ? [table, ids!] : [rows, rows]).map(read),
    unread: gathered ? [rows] : [],
  };
}

const forwardSource = ({ inputs, attributes: { width } }: Node<Beside>, target: KernelTarget) =>
  sourceOf(inputs[0]!, inputs.slice(width > 0 ? 3 : 2), target);

const placeSumsOp: Op<Beside> = {
  name: "placeSums",
  outputs: ([rows, weights], { width }) => [
    { shape: [rows!.shape[0]!, weights!.shape[0]!, width + lastDimension(rows!.shape)] },
  ],
  gradient({ inputs: [rows, weights, beside], attributes }, [dy]) {
    const [dx, dz] = dy!.graph.apply(backwardOp, [dy!, weights!], attributes);
    const dw = dy!.graph.apply(backwardWeightsOp, [dy!, rows!, ...lookedUp(rows!)], attributes)[0]!;
    return beside && attributes.width > 0 ? [dx!, dw, dz!] : [dx!, dw];
  },
  reference([rows, weights, beside], { width }) {
    const sizes = sizesOf(rows, weights);
    const sums = reference.placeSums(data(rows), data(weights), sizes);
    return [width === 0 ? sums : rowsOf.concat(data(beside), sums, width, sizes.d, 1)];
  },
  families: [
    {
      name: "plain",
      unread: (node, target) => forwardSource(node, target).unread,
      kernels(node, target) {
        const [rows, weights, beside] = node.inputs;
        const sizes = sizesOf(rows, weights);
        const { constants, bindings } = forwardSource(node, target);
        const others = [weights!, node.attributes.width > 0 ? beside! : weights!];
        return [
          {
            shader,
            constants,
            params: paramsOf(sizes, node.attributes),
            bindings: [...bindings, ...others.map(read), write(node.outputs[0]!)],
            workgroups: gridOf(tilesOf(sizes.batch, sizes.outputs, sizes.d)),
          },
        ];
      },
    },
  ],
};

/** Outputs: the gradient of the rows; that of what the sums were appended to, where there is such. */
const backwardOp: Op<Beside> = {
  name: "placeSumsBackward",
  outputs: ([dy, weights], { width }) => {
    const [batch, outputs] = dy!.shape as [number, number];
    return [{ shape: [batch, ...weights!.shape.slice(1)] }, ...(width > 0 ? [{ shape: [batch, outputs, width] }] : [])];
  },
  // Stands in for the second output.
  scratch: (_, { width }) => (width > 0 ? [] : [{ shape: [1, 4] }]),
  workspace: [0, 1],
  reference([dy, weights], { width }) {
    const [outputs, places, d] = weights!.shape as [number, number, number];
    const sizes = { batch: dy!.shape[0]!, outputs, places, d };
    const dx = reference.placeSumsBackward(sumsOf(dy, width, d), data(weights), sizes);
    return width === 0 ? [dx] : [dx, rowsOf.sliceSum(data(dy), width + d, 0, width, 1)];
  },
  kernels({ inputs: [dy, weights], outputs: [dx, dz], scratch, attributes }) {
    const sizes = sizesOf(dx, weights);
    return [
      {
        shader: backwardShader,
        params: paramsOf(sizes, attributes),
        bindings: [...[dy!, weights!].map(read), ...[dx!, dz ?? scratch[0]!].map(write)],
        workgroups: gridOf(tilesOf(sizes.batch, sizes.places, sizes.d)),
      },
    ];
  },
};

const weightsSource = ({ inputs: [, rows, ...source] }: Node<Beside>, target: KernelTarget) =>
  sourceOf(rows!, source, target);

const backwardWeightsOp: Op<Beside> = {
  name: "placeSumsBackwardWeights",
  outputs: ([dy, rows]) => [{ shape: [dy!.shape[1]!, ...rows!.shape.slice(1)] }],
  reference: ([dy, rows], { width }) => {
    const [batch, places, d] = rows!.shape as [number, number, number];
    const sizes = { batch, places, d, outputs: dy!.shape[1]! };
    return [reference.placeSumsBackwardWeights(sumsOf(dy, width, d), data(rows), sizes)];
  },
  families: [
    {
      name: "plain",
      unread: (node, target) => weightsSource(node, target).unread,
      kernels(node, target) {
        const [dy, rows] = node.inputs;
        const sizes = sizesOf(rows, node.outputs[0]);
        const { constants, bindings } = weightsSource(node, target);
        return [
          {
            shader: weightsShader,
            constants,
            params: paramsOf(sizes, node.attributes),
            bindings: [read(dy!), ...bindings, write(node.outputs[0]!)],
            workgroups: gridOf(tilesOf(sizes.outputs, sizes.places, sizes.d), 1),
          },
        ];
      },
    },
  ],
};
