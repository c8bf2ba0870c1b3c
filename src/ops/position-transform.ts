import type { Op, Tensor, Value } from "../graph/graph.ts";
import { requireShapes } from "../graph/shape.ts";
import * as reference from "../reference/position-transform.ts";
import { productFamilies } from "./matmul-kernels.ts";
import { transposedFamilies, transposedScratch } from "./matmul-transpose-a.ts";

/**
 * A linear map of its own for each place in a history: y[b, i, :] = x[b, i, :] W_i.
 * @param x `[batch, length, inner]`
 * @param weights `[length, inner, columns]`
 * @returns `[batch, length, columns]`
 */
export function positionTransform(x: Value, weights: Value): Value {
  const fits =
    x.shape.length === 3 &&
    weights.shape.length === 3 &&
    x.shape[1] === weights.shape[0] &&
    x.shape[2] === weights.shape[1];
  requireShapes(fits, "positionTransform", "x [batch, length, inner] and weights [length, inner, columns]", {
    x: x.shape,
    weights: weights.shape,
  });
  return x.graph.apply(positionTransformOp, [x, weights], undefined)[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;

type Shaped = Pick<Value, "shape">;

function sizesOf(rows: Shaped, weights: Shaped): reference.PositionSizes {
  const [length, inner, columns] = weights.shape as [number, number, number];
  return { batch: rows.shape[0]!, length, inner, columns };
}

const positionTransformOp: Op<undefined> = {
  name: "positionTransform",
  outputs([x, weights]) {
    const { batch, length, columns } = sizesOf(x!, weights!);
    return [{ shape: [batch, length, columns] }];
  },
  gradient: ({ inputs: [x, weights] }, [dy]) => [
    x!.graph.apply(positionTransformRowsOp, [dy!, weights!], undefined)[0]!,
    x!.graph.apply(positionTransformWeightsOp, [x!, dy!], undefined)[0]!,
  ],
  reference: ([x, weights]) => [reference.positionTransform(data(x!), data(weights!), sizesOf(x!, weights!))],
  families: productFamilies(({ inputs: [x, weights], outputs: [y] }) => ({ a: x!, b: weights!, c: y! })),
};

const positionTransformRowsOp: Op<undefined> = {
  name: "positionTransformRows",
  outputs([dy, weights]) {
    const { batch, length, inner } = sizesOf(dy!, weights!);
    return [{ shape: [batch, length, inner] }];
  },
  reference: ([dy, weights]) => [reference.positionTransformRows(data(dy!), data(weights!), sizesOf(dy!, weights!))],
  families: productFamilies(({ inputs: [dy, weights], outputs: [dx] }) => {
    return { a: dy!, b: weights!, c: dx!, transposeB: true };
  }),
};

/** dW, and the sums of dy over users, which come with it and which nobody reads. */
const positionTransformWeightsOp: Op<undefined> = {
  name: "positionTransformWeights",
  outputs([x, dy]) {
    const [, length, inner] = x!.shape as [number, number, number];
    const columns = dy!.shape[2]!;
    return [{ shape: [length, inner, columns] }, { shape: [length, columns] }];
  },
  scratch: ([x, dy]) => transposedScratch({ a: x!, b: dy!, positions: x!.shape[1]! }),
  reference([x, dy]) {
    const [batch, length, inner] = x!.shape as [number, number, number];
    const sizes = { batch, length, inner, columns: dy!.shape[2]! };
    const { dw, sums } = reference.positionTransformWeights(data(x!), data(dy!), sizes);
    return [dw, sums];
  },
  families: transposedFamilies(),
};
