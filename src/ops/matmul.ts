import shader from "../../shaders/matmul.wgsl";
import reduceShader from "../../shaders/matmul_reduce.wgsl";
import transposeAShader from "../../shaders/matmul_transpose_a.wgsl";
import transposeBShader from "../../shaders/matmul_transpose_b.wgsl";
import { type Dispatch, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Node, Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount, rowPitch, type Shape } from "../graph/shape.ts";
import * as reference from "../reference/matmul.ts";

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * Matrix product; leading dimensions count as rows.
 * @param a `[..., inner]`, or `[inner..., rows]` with `transposeA`: the sum then runs over all leading dimensions
 * @param b `[inner, columns]`, or `[columns, inner]` with `transposeB`
 * @returns `[..., columns]`; `[rows, columns]` with `transposeA`
 */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transposeA = false, transposeB = false } = options;
  requireShapes(!(transposeA && transposeB), "matmul", "at most one factor transposed", { a: a.shape, b: b.shape });
  const fits = transposeA
    ? rowCount(a.shape) === rowCount(b.shape) && a.shape.length >= 2 && b.shape.length >= 2
    : a.shape.length >= 2 && b.shape.length === 2 && lastDimension(a.shape) === b.shape[transposeB ? 1 : 0];
  const expected = transposeA ? "a [inner, rows] and b [inner, columns]" : transposeB ? "a [..., inner] and b [columns, inner]" : "a [..., inner] and b [inner, columns]";
  requireShapes(fits, "matmul", expected, { a: a.shape, b: b.shape });
  return a.graph.apply(transposeA ? transposeAOp : transposeB ? transposeBOp : plainOp, [a, b], undefined)[0]!;
}

const quads = (shape: Shape) => rowPitch(shape, "f32") / 4;
const data = (tensor: Tensor) => tensor.data as Float64Array;

const plainOp: Op<undefined> = {
  name: "matmul",
  outputs: ([a, b]) => [{ shape: [...a!.shape.slice(0, -1), b!.shape[1]!] }],
  gradient: ({ inputs: [a, b] }, [dc]) => [matmul(dc!, b!, { transposeB: true }), matmul(a!, dc!, { transposeA: true })],
  reference: ([a, b]) => [reference.matmul(data(a!), data(b!), rowCount(a!.shape), b!.shape[0]!, b!.shape[1]!)],
  kernels: ({ inputs: [a, b], outputs: [c] }) => [productDispatch(a!, b!, c!)],
};

/** The launch of c = activation(a b + bias), shared with `linear`. */
export function productDispatch(a: Value, b: Value, c: Value, bias?: Value, relu = false): Dispatch {
  const rows = rowCount(a.shape);
  return {
    shader,
    constants: { hasBias: Number(bias !== undefined), relu: Number(relu) },
    params: {
      rows: u32(rows),
      inner: u32(lastDimension(a.shape)),
      innerQuads: u32(quads(a.shape)),
      columnQuads: u32(quads(c.shape)),
    },
    bindings: [read(a), read(b), read(bias ?? b), write(c)],
    workgroups: gridOf(Math.ceil(rows / 4) * quads(c.shape)),
  };
}

const transposeBOp: Op<undefined> = {
  name: "matmulTransposeB",
  outputs: ([a, b]) => [{ shape: [...a!.shape.slice(0, -1), b!.shape[0]!] }],
  gradient: ({ inputs: [a, b] }, [dc]) => [matmul(dc!, b!), matmul(dc!, a!, { transposeA: true })],
  reference([a, b]) {
    const [columns, inner] = b!.shape as [number, number];
    return [reference.matmul(data(a!), reference.transpose(data(b!), columns, inner), rowCount(a!.shape), inner, columns)];
  },
  kernels({ inputs: [a, b], outputs: [c] }) {
    const rows = rowCount(a!.shape);
    const columnQuads = quads(c!.shape);
    return [
      {
        shader: transposeBShader,
        params: { rows: u32(rows), columns: u32(b!.shape[0]!), innerQuads: u32(quads(a!.shape)), columnQuads: u32(columnQuads) },
        bindings: [read(a!), read(b!), write(c!)],
        workgroups: gridOf(Math.ceil(rows / 4) * columnQuads),
      },
    ];
  },
};

/** Enough invocations to fill a GPU; a sum over more than this many tiles' worth of rows is not cut into parts. */
const wantedInvocations = 32768;
const fewestRowsPerPart = 128;

/** How the long sum of a transposed product is cut, so that small results still occupy the device. */
function cut(a: Value, b: Value): { parts: number; innerPerPart: number } {
  const inner = rowCount(a.shape);
  const tiles = quads(a.shape) * quads(b.shape);
  const wanted = Math.min(Math.ceil(inner / fewestRowsPerPart), Math.ceil(wantedInvocations / tiles));
  const innerPerPart = Math.ceil(inner / wanted);
  return { parts: Math.ceil(inner / innerPerPart), innerPerPart };
}

const transposeAOp: Op<undefined> = {
  name: "matmulTransposeA",
  outputs: ([a, b]) => [{ shape: [lastDimension(a!.shape), lastDimension(b!.shape)] }],
  scratch: ([a, b]) => [{ shape: [cut(a!, b!).parts, lastDimension(a!.shape), lastDimension(b!.shape)] }],
  gradient: ({ inputs: [a, b] }, [dc]) => [matmul(b!, dc!, { transposeB: true }), matmul(a!, dc!)],
  reference([a, b]) {
    const inner = rowCount(a!.shape);
    const rows = lastDimension(a!.shape);
    return [reference.matmul(reference.transpose(data(a!), inner, rows), data(b!), rows, inner, lastDimension(b!.shape))];
  },
  kernels(node) {
    const [c] = node.outputs;
    const { parts } = cut(node.inputs[0]!, node.inputs[1]!);
    return parts === 1 ? [partialDispatch(node, c!)] : [partialDispatch(node, node.scratch[0]!), reduceDispatch(node.scratch[0]!, c!, parts)];
  },
};

function partialDispatch({ inputs: [a, b] }: Node<undefined>, to: Value): Dispatch {
  const { parts, innerPerPart } = cut(a!, b!);
  return {
    shader: transposeAShader,
    params: {
      rows: u32(lastDimension(a!.shape)),
      inner: u32(rowCount(a!.shape)),
      innerPerPart: u32(innerPerPart),
      parts: u32(parts),
      rowQuads: u32(quads(a!.shape)),
      columnQuads: u32(quads(b!.shape)),
    },
    bindings: [read(a!), read(b!), write(to)],
    workgroups: gridOf(parts * quads(a!.shape) * quads(b!.shape)),
  };
}

/** Adds up `parts` arrays of the size of `total`, which lie one after another in `partial`. */
export function reduceDispatch(partial: Value, total: Value, parts: number): Dispatch {
  const count = rowCount(total.shape) * quads(total.shape);
  return {
    shader: reduceShader,
    params: { parts: u32(parts), quads: u32(count) },
    bindings: [read(partial), write(total)],
    workgroups: gridOf(count),
  };
}

