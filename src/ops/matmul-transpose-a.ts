import reduceShader from "../../shaders/matmul_reduce.wgsl";
import plainShader from "../../shaders/matmul_transpose_a.wgsl";
import subgroupShader from "../../shaders/matmul_transpose_a_subgroup.wgsl";
import workgroupShader from "../../shaders/matmul_transpose_a_workgroup.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, KernelFamily, KernelTarget, Node, OutputSpec, Shader, Value } from "../graph/graph.ts";
import { lastDimension, rowCount } from "../graph/shape.ts";
import { eachFamily, positionsOf, quadsOf, squareTiles } from "./matmul-kernels.ts";

/** The factors of a^T b: a long sum over the rows of both, and often a small result. */
interface Transposed {
  readonly a: Value;
  readonly b: Value;
  /** Products there are, one for each place in the last but one dimension of a and b; default 1, over all rows. */
  readonly positions?: number;
}

/** How one family works: its kernel, its tiles, and how many of them and how long a sum of each keep its adapters busy. */
interface Way {
  readonly shader: Shader;
  /** Invocations along each side of a tile, for the kernel that leaves the choice. */
  side?(rowQuads: number, columnQuads: number, positions: number): number;
  tiles(rowQuads: number, columnQuads: number, positions: number): number;
  readonly tilesPerWorkgroup: number;
  readonly enoughTiles: number;
  readonly fewestRowsPerPart: number;
}

// A CPU adds up thousands of rows in the time that a second dispatch takes; a GPU has to be filled.
const ways: Readonly<Record<"subgroup" | "workgroup" | "plain", Way>> = {
  subgroup: {
    shader: subgroupShader,
    tiles: (rowQuads, columnQuads, positions) => positions * Math.ceil(rowQuads / 8) * Math.ceil(columnQuads / 4),
    tilesPerWorkgroup: 1,
    enoughTiles: 64,
    fewestRowsPerPart: 4096,
  },
  workgroup: {
    shader: workgroupShader,
    side: (...sizes) => squareTiles(...sizes).side,
    tiles: (...sizes) => squareTiles(...sizes).tiles,
    tilesPerWorkgroup: 1,
    enoughTiles: 256,
    fewestRowsPerPart: 128,
  },
  plain: {
    shader: plainShader,
    tiles: (rowQuads, columnQuads, positions) => positions * rowQuads * columnQuads,
    tilesPerWorkgroup: 64,
    enoughTiles: 64 * 64,
    fewestRowsPerPart: 4096,
  },
};

interface Cut {
  readonly parts: number;
  readonly innerPerPart: number;
}

/** Cuts the sum over the rows of a and b so that small results still occupy the device; 16 steps of the sum go together. */
function cutOf({ a, b, positions = 1 }: Transposed, way: Way): Cut {
  const inner = rowCount(a.shape) / positions;
  const tiles = way.tiles(quadsOf(a.shape), quadsOf(b.shape), positions);
  const wanted = Math.min(Math.ceil(way.enoughTiles / tiles), Math.ceil(inner / way.fewestRowsPerPart));
  const innerPerPart = Math.ceil(inner / wanted / 16) * 16;
  return { parts: Math.ceil(inner / innerPerPart), innerPerPart };
}

/** Room for the parts of the sum and of the columns' sums in whichever family computes them. */
export function transposedScratch(product: Transposed): OutputSpec[] {
  const parts = Math.max(...Object.values(ways).map((way) => cutOf(product, way).parts));
  if (parts === 1) return [];
  const { a, b, positions = 1 } = product;
  const [rows, columns] = [lastDimension(a.shape), lastDimension(b.shape)];
  return [{ shape: [parts, positions * rows, columns] }, { shape: [parts, positions, columns] }];
}

/**
 * The families of an op whose inputs are a and b, whose outputs are a^T b and the sums of the columns of b, both for each position
 * where a^T b is of rank 3, and whose scratch is {@link transposedScratch}.
 */
export function transposedFamilies<Attributes>(): KernelFamily<Attributes>[] {
  const launching = (way: Way) => (node: Node<Attributes>, target: KernelTarget) => {
    const [a, b] = node.inputs as [Value, Value];
    const whole = node.outputs as Results;
    const product = { a, b, positions: positionsOf(whole[0].shape) };
    const cut = cutOf(product, way);
    const hasSums = target.isUsed(whole[1]);
    if (cut.parts === 1) return [transposedDispatch(product, whole, cut, way, hasSums)];
    const partial = node.scratch as Results;
    return [
      transposedDispatch(product, partial, cut, way, hasSums),
      reduceDispatch(partial, whole, cut.parts, hasSums),
    ];
  };
  return eachFamily((family, node, target) => launching(ways[family])(node, target));
}

/** A product and the sums of its second factor's columns, or the parts of both. */
type Results = readonly [Value, Value];

function transposedDispatch(
  { a, b, positions = 1 }: Transposed,
  results: Results,
  { parts, innerPerPart }: Cut,
  way: Way,
  hasSums: boolean,
): Dispatch {
  const rowQuads = quadsOf(a.shape);
  const columnQuads = quadsOf(b.shape);
  return {
    shader: way.shader,
    ...(way.side ? { constants: { side: way.side(rowQuads, columnQuads, positions) } } : {}),
    params: {
      rows: u32(lastDimension(a.shape)),
      inner: u32(rowCount(a.shape) / positions),
      innerPerPart: u32(innerPerPart),
      parts: u32(parts),
      rowQuads: u32(rowQuads),
      columnQuads: u32(columnQuads),
      hasSums: u32(hasSums ? 1 : 0),
      positions: u32(positions),
    },
    bindings: [read(a), read(b), ...results.map(write)],
    workgroups: gridOf(parts * way.tiles(rowQuads, columnQuads, positions), way.tilesPerWorkgroup),
  };
}

/** The launch that adds up `parts` results, which lie one after another in `partial`. */
function reduceDispatch(partial: Results, whole: Results, parts: number, hasSums: boolean): Dispatch {
  const quads = rowCount(whole[0].shape) * quadsOf(whole[0].shape);
  const sumQuads = hasSums ? rowCount(whole[1].shape) * quadsOf(whole[1].shape) : 0;
  return {
    shader: reduceShader,
    params: { parts: u32(parts), quads: u32(quads), sumQuads: u32(sumQuads) },
    bindings: [...partial.map(read), ...whole.map(write)],
    workgroups: gridOf(quads + sumQuads),
  };
}
