import shader from "../../shaders/inverse_norms.wgsl";
import backwardShader from "../../shaders/inverse_norms_backward.wgsl";
import subgroupShader from "../../shaders/inverse_norms_subgroup.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, Node, Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount } from "../graph/shape.ts";
import * as reference from "../reference/inverse-norms.ts";
import { matmul as product } from "../reference/matmul.ts";
import { matmul } from "./matmul.ts";
import { quadsOf } from "./matmul-kernels.ts";

/**
 * 1 / |x S| of each row, 0 where x S is zero; no product of rows and S is kept.
 * @param x rows `[..., d]`
 * @param transform S, `[d, h]`; without it the rows count as they are
 * @returns `[..., 1]`
 */
export function inverseNorms(x: Value, transform?: Value): Value {
  const fits =
    x.shape.length >= 2 &&
    (!transform || (transform.shape.length === 2 && transform.shape[0] === lastDimension(x.shape)));
  const shapes = { x: x.shape, ...(transform && { transform: transform.shape }) };
  requireShapes(fits, "inverseNorms", "rows [..., d] and a transform [d, h]", shapes);
  return x.graph.apply(inverseNormsOp, transform ? [x, transform] : [x], undefined)[0]!;
}

const data = (tensor: Tensor) => tensor.data as Float64Array;

const inverseNormsOp: Op<undefined> = {
  name: "inverseNorms",
  outputs: ([x]) => [{ shape: [...x!.shape.slice(0, -1), 1] }],
  gradient({ inputs: [x, transform], outputs: [y] }, [dy]) {
    // Of y_i = |x_i S|^-1: with t_i = -y_i^3 dy_i x_i, dx = t S S^T and dS = (t^T x) S.
    const scaled = x!.graph.apply(inverseNormsBackwardOp, [x!, y!, dy!], undefined)[0]!;
    if (!transform) return [scaled];
    const gram = matmul(transform, transform, { transposeB: true });
    return [matmul(scaled, gram), matmul(matmul(scaled, x!, { transposeA: true }), transform)];
  },
  reference([x, transform]) {
    if (!transform) return [reference.inverseNorms(data(x!), lastDimension(x!.shape))];
    const [d, h] = transform.shape as [number, number];
    return [reference.inverseNorms(product(data(x!), data(transform), rowCount(x!.shape), d, h), h)];
  },
  families: [
    {
      name: "subgroup",
      supports: ({ inputs: [, transform] }, target) => transform !== undefined && target.subgroupSize === 8,
      suits: (_, target) => target.software,
      kernels: (node) => [launch(node, subgroupShader, 32)],
    },
    { name: "plain", kernels: (node) => [launch(node, shader, 4)] },
  ],
};

/** A launch whose workgroups own `tile` rows each, or whose invocations do. */
function launch({ inputs: [x, transform], outputs: [y] }: Node<undefined>, code: Dispatch["shader"], tile: number) {
  const rows = rowCount(x!.shape);
  return {
    shader: code,
    ...(tile === 4 && { constants: { mapped: Number(transform !== undefined) } }),
    params: {
      rows: u32(rows),
      inner: u32(lastDimension(x!.shape)),
      innerQuads: u32(quadsOf(x!.shape)),
      columnQuads: u32(quadsOf((transform ?? x!).shape)),
    },
    bindings: [read(x!), read(transform ?? x!), write(y!)],
    workgroups: gridOf(Math.ceil(rows / tile), tile === 4 ? 64 : 1),
  };
}

const inverseNormsBackwardOp: Op<undefined> = {
  name: "inverseNormsBackward",
  outputs: ([x]) => [{ shape: x!.shape }],
  reference: ([x, y, dy]) => [reference.inverseNormsBackward(data(x!), data(y!), data(dy!), lastDimension(x!.shape))],
  kernels({ inputs: [x, y, dy], outputs: [scaled] }) {
    const quads = rowCount(x!.shape) * quadsOf(x!.shape);
    return [
      {
        shader: backwardShader,
        params: { quads: u32(quads), rowQuads: u32(quadsOf(x!.shape)) },
        bindings: [read(x!), read(y!), read(dy!), write(scaled!)],
        workgroups: gridOf(quads),
      },
    ];
  },
};
