import reluShader from "../../shaders/linear_relu_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { bufferElements, lastDimension, requireShapes, rowCount, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/linear.ts";
import { masked, matmul as product } from "../reference/matmul.ts";
import { maskedProduct, matmul, productAndSums } from "./matmul.ts";
import { productFamilies } from "./matmul-kernels.ts";

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
    const { product: dw, sums: dBias } = productAndSums(x!, dz);
    return [matmul(dz, w!, { transposeB: true }), dw, dBias];
  },
  reference([x, w, bias], { relu }) {
    const [inner, columns] = w!.shape as [number, number];
    return [reference.addBias(product(data(x!), data(w!), rowCount(x!.shape), inner, columns), data(bias!), relu)];
  },
  families: productFamilies(({ inputs: [x, w, bias], outputs: [y], attributes: { relu } }) => {
    return { a: x!, b: w!, c: y!, bias: bias!, relu };
  }),
};

/**
 * The gradient before ReLU, given its output `y` and the gradient `dy` after it. Where dy is the gradient of the next layer's
 * input, that layer's product makes it: one that leaves dy out unless someone else reads it.
 */
function reluBackward(y: Value, dy: Value): Value {
  return maskedProduct(dy, y) ?? y.graph.apply(reluBackwardOp, [y, dy], undefined)[0]!;
}

const reluBackwardOp: Op<undefined> = {
  name: "reluBackward",
  outputs: ([y]) => [{ shape: y!.shape }],
  reference: ([y, dy]) => [masked(data(dy!), data(y!))],
  kernels({ inputs: [y, dy], outputs: [dx] }) {
    const quads = bufferElements(y!.shape, "f32") / 4;
    const bindings = [read(y!), read(dy!), write(dx!)];
    return [{ shader: reluShader, params: { quads: u32(quads) }, bindings, workgroups: gridOf(quads) }];
  },
};
