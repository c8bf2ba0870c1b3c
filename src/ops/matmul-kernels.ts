import plainShader from "../../shaders/matmul.wgsl";
import subgroupShader from "../../shaders/matmul_subgroup.wgsl";
import workgroupShader from "../../shaders/matmul_workgroup.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, KernelFamily, KernelTarget, Node, Value } from "../graph/graph.ts";
import { lastDimension, rowCount, rowPitch, type Shape } from "../graph/shape.ts";
import { inWindow, rowWindows } from "../graph/windows.ts";

/**
 * c = activation(a b + bias), or a b^T; 0 where the mask is not positive. A b of rank 3 holds a matrix for each position, which is
 * the last but one dimension of a and c.
 */
export interface Product {
  readonly a: Value;
  readonly b: Value;
  readonly c: Value;
  readonly transposeB?: boolean;
  readonly bias?: Value;
  readonly relu?: boolean;
  readonly mask?: Value;
}

/** How many matrices there are, one after another. */
export const positionsOf = (matrices: Shape): number => (matrices.length === 3 ? matrices[0]! : 1);

export const quadsOf = (shape: Shape): number => rowPitch(shape, "f32") / 4;

export type FamilyName = "subgroup" | "workgroup" | "plain";

/**
 * The families of an op whose kernels are given by the name of the family. Sharing loads among the eight invocations of a subgroup pays where loads are dear: on software adapters. Tiles in workgroup
 * memory need barriers, which are cheap on a GPU and dear elsewhere.
 */
export function eachFamily<Attributes>(
  kernels: (family: FamilyName, node: Node<Attributes>, target: KernelTarget) => readonly Dispatch[],
): KernelFamily<Attributes>[] {
  const of = (family: FamilyName) => (node: Node<Attributes>, target: KernelTarget) => kernels(family, node, target);
  return [
    {
      name: "subgroup",
      supports: (_, target) => target.subgroupSize === 8,
      suits: (_, target) => target.software,
      kernels: of("subgroup"),
    },
    { name: "workgroup", suits: (_, target) => !target.software, kernels: of("workgroup") },
    { name: "plain", kernels: of("plain") },
  ];
}

const launching =
  (launch: (rows: number, columnQuads: number, positions: number) => Launch) =>
  (product: Product): Dispatch => {
    const positions = positionsOf(product.b.shape);
    return productDispatch(product, launch(rowCount(product.a.shape) / positions, quadsOf(product.c.shape), positions));
  };

/** The launch of a product by each family. */
export const productKernels = {
  subgroup: launching((rows, columnQuads, positions) => ({
    shader: subgroupShader,
    workgroups: gridOf(positions * Math.ceil(rows / 32) * Math.ceil(columnQuads / 4), 1),
  })),
  workgroup: launching((rows, columnQuads, positions) => {
    const { side, tiles } = squareTiles(Math.ceil(rows / 4), columnQuads, positions);
    return { shader: workgroupShader, constants: { side }, workgroups: gridOf(tiles, 1) };
  }),
  plain: launching((rows, columnQuads, positions) => ({
    shader: plainShader,
    workgroups: gridOf(positions * Math.ceil(rows / 4) * columnQuads),
  })),
} as const;

/** The families of an op whose nodes are one product each. */
export function productFamilies<Attributes>(
  productOf: (node: Node<Attributes>) => Product,
): KernelFamily<Attributes>[] {
  return eachFamily((family, node, target) => inWindows(productKernels[family], productOf(node), target));
}

/** One launch, or several for the rows of a catalogue that no binding shows whole. */
function inWindows(launch: (product: Product) => Dispatch, product: Product, target: KernelTarget): Dispatch[] {
  const { a, c } = product;
  const wider = quadsOf(a.shape) > quadsOf(c.shape) ? a : c;
  const windows = rowWindows(wider, target);
  if (windows.length === 1 || positionsOf(product.b.shape) > 1) return [launch(product)];
  const long = [a, c, product.mask].filter((value) => value !== undefined);
  return windows.map((window) => {
    const parts = new Map(
      long.map((value) => [value, { ...value, shape: [window.count, lastDimension(value.shape)] }]),
    );
    const part = (value: Value) => parts.get(value)!;
    const { mask } = product;
    const dispatch = launch({ ...product, a: part(a), c: part(c), ...(mask && { mask: part(mask) }) });
    const whole = new Map([...parts].map(([value, shown]) => [shown as Value, value]));
    const bindings = dispatch.bindings.map((binding) => {
      const value = whole.get(binding.value);
      return value ? inWindow({ ...binding, value }, window) : binding;
    });
    return { ...dispatch, bindings };
  });
}

type Launch = Pick<Dispatch, "shader" | "constants" | "workgroups">;

/** Fewer tiles than this leave most of a large GPU idle. */
const enoughTiles = 128;

/** The tiles of results, `side` by `side` invocations with 4 by 4 elements each: large ones, unless those would be few. */
export function squareTiles(rowQuads: number, columnQuads: number, results = 1): { side: number; tiles: number } {
  const tilesOf = (side: number) => results * Math.ceil(rowQuads / side) * Math.ceil(columnQuads / side);
  const side = tilesOf(16) >= enoughTiles ? 16 : 8;
  return { side, tiles: tilesOf(side) };
}

function productDispatch({ a, b, c, transposeB = false, bias, relu = false, mask }: Product, launch: Launch): Dispatch {
  const positions = positionsOf(b.shape);
  return {
    ...launch,
    constants: { ...launch.constants, transposeB: Number(transposeB) },
    params: {
      rows: u32(rowCount(a.shape) / positions),
      columns: u32(lastDimension(c.shape)),
      inner: u32(lastDimension(a.shape)),
      innerQuads: u32(quadsOf(a.shape)),
      columnQuads: u32(quadsOf(c.shape)),
      hasBias: u32(bias ? 1 : 0),
      relu: u32(relu ? 1 : 0),
      masked: u32(mask ? 1 : 0),
      positions: u32(positions),
      quadsOfTile: u32(16),
    },
    bindings: [read(a), read(b), read(bias ?? b), read(mask ?? b), write(c)],
  };
}
