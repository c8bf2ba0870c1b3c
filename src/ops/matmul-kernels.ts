import plainShader from "../../shaders/matmul.wgsl";
import reduceShader from "../../shaders/matmul_reduce.wgsl";
import subgroupShader from "../../shaders/matmul_subgroup.wgsl";
import transposeAShader from "../../shaders/matmul_transpose_a.wgsl";
import transposeASubgroupShader from "../../shaders/matmul_transpose_a_subgroup.wgsl";
import transposeBShader from "../../shaders/matmul_transpose_b.wgsl";
import transposeBSubgroupShader from "../../shaders/matmul_transpose_b_subgroup.wgsl";
import { type Dispatch, gridOf, type KernelTarget, read, u32, write } from "../graph/dispatch.ts";
import type { Value } from "../graph/graph.ts";
import { lastDimension, rowCount, rowPitch, type Shape } from "../graph/shape.ts";

const quads = (shape: Shape) => rowPitch(shape, "f32") / 4;

/** The subgroup kernels share loads among eight invocations, which pays where loads are dear: on software adapters. */
const sharesLoads = ({ software, subgroupSize }: KernelTarget) => software && subgroupSize === 8;

/** The launch of c = activation(a b + bias). */
export function productDispatch(
  target: KernelTarget,
  a: Value,
  b: Value,
  c: Value,
  bias?: Value,
  relu = false,
): Dispatch {
  const rows = rowCount(a.shape);
  const shared = sharesLoads(target);
  return {
    shader: shared ? subgroupShader : plainShader,
    constants: { hasBias: Number(bias !== undefined), relu: Number(relu) },
    params: {
      rows: u32(rows),
      inner: u32(lastDimension(a.shape)),
      innerQuads: u32(quads(a.shape)),
      columnQuads: u32(quads(c.shape)),
    },
    bindings: [read(a), read(b), read(bias ?? b), write(c)],
    workgroups: shared ? sharedGrid(rows, quads(c.shape)) : gridOf(Math.ceil(rows / 4) * quads(c.shape)),
  };
}

/** The launch of c = a b^T. */
export function transposeBDispatch(target: KernelTarget, a: Value, b: Value, c: Value): Dispatch {
  const rows = rowCount(a.shape);
  const columnQuads = quads(c.shape);
  const shared = sharesLoads(target);
  return {
    shader: shared ? transposeBSubgroupShader : transposeBShader,
    params: {
      rows: u32(rows),
      columns: u32(b.shape[0]!),
      innerQuads: u32(quads(a.shape)),
      columnQuads: u32(columnQuads),
    },
    bindings: [read(a), read(b), write(c)],
    workgroups: shared ? sharedGrid(rows, columnQuads) : gridOf(Math.ceil(rows / 4) * columnQuads),
  };
}

/** One workgroup for each tile of 64 rows by 16 columns. */
const sharedGrid = (rows: number, columnQuads: number) => gridOf(Math.ceil(rows / 64) * Math.ceil(columnQuads / 4), 1);

/** How the long sum of a transposed product is cut into parts. */
export interface Cut {
  readonly parts: number;
  readonly innerPerPart: number;
}

/** Enough invocations to fill a GPU; a sum over more than this many tiles' worth of rows is not cut into parts. */
const wantedInvocations = 32768;
const fewestRowsPerPart = 128;

/** Cuts the sum over the rows of a and b so that small results still occupy the device. */
export function cutOf(a: Value, b: Value): Cut {
  const inner = rowCount(a.shape);
  const tiles = quads(a.shape) * quads(b.shape);
  const wanted = Math.min(Math.ceil(inner / fewestRowsPerPart), Math.ceil(wantedInvocations / tiles));
  const innerPerPart = Math.ceil(inner / wanted);
  return { parts: Math.ceil(inner / innerPerPart), innerPerPart };
}

/** The launch of the parts of c = a^T b. */
export function transposeADispatch(
  target: KernelTarget,
  a: Value,
  b: Value,
  partial: Value,
  { parts, innerPerPart }: Cut,
): Dispatch {
  const rowQuads = quads(a.shape);
  const columnQuads = quads(b.shape);
  const shared = sharesLoads(target);
  return {
    shader: shared ? transposeASubgroupShader : transposeAShader,
    params: {
      rows: u32(lastDimension(a.shape)),
      inner: u32(rowCount(a.shape)),
      innerPerPart: u32(innerPerPart),
      parts: u32(parts),
      rowQuads: u32(rowQuads),
      columnQuads: u32(columnQuads),
    },
    bindings: [read(a), read(b), write(partial)],
    workgroups: shared
      ? gridOf(parts * Math.ceil(rowQuads / 2) * Math.ceil(columnQuads / 8), 1)
      : gridOf(parts * rowQuads * columnQuads),
  };
}

/** The launch that adds up `parts` arrays of the size of `total`, which lie one after another in `partial`. */
export function reduceDispatch(partial: Value, total: Value, parts: number): Dispatch {
  const count = rowCount(total.shape) * quads(total.shape);
  return {
    shader: reduceShader,
    params: { parts: u32(parts), quads: u32(count) },
    bindings: [read(partial), write(total)],
    workgroups: gridOf(count),
  };
}
