import columnSumShader from "../../shaders/linear_column_sum.wgsl";
import reluShader from "../../shaders/linear_relu_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import {
  bufferElements,
  lastDimension,
  requireShapes,
  rowCount,
  rowPitch,
  type Shape,
  sameShape,
} from "../graph/shape.ts";
import * as reference from "../reference/linear.ts";
import { matmul as product } from "../reference/matmul.ts";
import { matmul } from "./matmul.ts";
import { productFamilies } from "./matmul-kernels.ts";
import { reduceDispatch } from "./matmul-transpose-a.ts";

/**
 * A linear layer, y = x w + bias, with ReLU after it if asked.
 * @param x `[..., inner]`
 * @param w `[inner, columns]`
 * @param bias `[1, columns]`
 * @returns `[..., columns]`
 */
export function linear(x: Value, w: Value, bias: Value, options: { readonly relu?: boolean } = {}): Value {
  const fits =
    w.shape.length === 2 &&
    x.shape.length >= 2 &&
    lastDimension(x.shape) === w.shape[0] &&
    sameShape(bias.shape, [1, w.shape[1]!]);
  requireShapes(fits, "linear", "x [..., inner], w [inner, columns] and bias [1, columns]", {
    x: x.shape,
    w: w.shape,
    bias: bias.shape,
  });
  return x.graph.apply(linearOp, [x, w, bias], { relu: options.relu ?? false })[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;

const linearOp: Op<{ readonly relu: boolean }> = {
  name: "linear",
  outputs: ([x, w]) => [{ shape: [...x!.shape.slice(0, -1), w!.shape[1]!] }],
  gradient({ inputs: [x, w], outputs: [y], attributes }, [dy]) {
    const dz = attributes.relu ? reluBackward(y!, dy!) : dy!;
    return [matmul(dz, w!, { transposeB: true }), matmul(x!, dz, { transposeA: true }), columnSum(dz)];
  },
  reference([x, w, bias], { relu }) {
    const [inner, columns] = w!.shape as [number, number];
    return [reference.addBias(product(data(x!), data(w!), rowCount(x!.shape), inner, columns), data(bias!), relu)];
  },
  families: productFamilies(({ inputs: [x, w, bias], outputs: [y], attributes: { relu } }) => {
    return { a: x!, b: w!, c: y!, bias: bias!, relu };
  }),
};

/** The gradient before ReLU, given its output `y` and the gradient `dy` after it. */
function reluBackward(y: Value, dy: Value): Value {
  return y.graph.apply(reluBackwardOp, [y, dy], undefined)[0]!;
}

const reluBackwardOp: Op<undefined> = {
  name: "reluBackward",
  outputs: ([y]) => [{ shape: y!.shape }],
  reference: ([y, dy]) => [reference.reluBackward(data(y!), data(dy!))],
  kernels({ inputs: [y, dy], outputs: [dx] }) {
    const quads = bufferElements(y!.shape, "f32") / 4;
    const bindings = [read(y!), read(dy!), write(dx!)];
    return [{ shader: reluShader, params: { quads: u32(quads) }, bindings, workgroups: gridOf(quads) }];
  },
};

/** Sums all rows of `x [..., columns]`; returns `[1, columns]`. */
function columnSum(x: Value): Value {
  return x.graph.apply(columnSumOp, [x], undefined)[0]!;
}

const rowsPerPart = 128;
const partsOf = (shape: Shape) => Math.ceil(rowCount(shape) / rowsPerPart);

const columnSumOp: Op<undefined> = {
  name: "columnSum",
  outputs: ([x]) => [{ shape: [1, lastDimension(x!.shape)] }],
  scratch: ([x]) => [{ shape: [partsOf(x!.shape), lastDimension(x!.shape)] }],
  reference: ([x]) => [reference.columnSum(data(x!), lastDimension(x!.shape))],
  kernels({ inputs: [x], outputs: [sum], scratch: [partial] }) {
    const parts = partsOf(x!.shape);
    const columnQuads = rowPitch(x!.shape, "f32") / 4;
    const params = {
      rows: u32(rowCount(x!.shape)),
      rowsPerPart: u32(rowsPerPart),
      parts: u32(parts),
      columnQuads: u32(columnQuads),
    };
    return [
      {
        shader: columnSumShader,
        params,
        bindings: [read(x!), write(partial!)],
        workgroups: gridOf(parts * columnQuads),
      },
      reduceDispatch(partial!, sum!, parts),
    ];
  },
};
