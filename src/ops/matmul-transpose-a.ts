import reduceShader from "../../shaders/matmul_reduce.wgsl";
import plainShader from "../../shaders/matmul_transpose_a.wgsl";
import subgroupShader from "../../shaders/matmul_transpose_a_subgroup.wgsl";
import workgroupShader from "../../shaders/matmul_transpose_a_workgroup.wgsl";
import { type Dispatch, gridOf, read, type Shader, u32, write } from "../graph/dispatch.ts";
import type { KernelFamily } from "../graph/families.ts";
import type { Node, OutputSpec, Value } from "../graph/graph.ts";
import { lastDimension, rowCount } from "../graph/shape.ts";
import { familiesOf, quadsOf, squareTiles } from "./matmul-kernels.ts";

/** c = a^T b: a long sum over the rows of both, and often a small result. */
interface Transposed {
  readonly a: Value;
  readonly b: Value;
}

/** How one family works: its kernel, its tiles, and how many of them and how long a sum of each keep its adapters busy. */
interface Way {
  readonly shader: Shader;
  /** Invocations along each side of a tile, for the kernel that leaves the choice. */
  side?(rowQuads: number, columnQuads: number): number;
  tiles(rowQuads: number, columnQuads: number): number;
  readonly tilesPerWorkgroup: number;
  readonly enoughTiles: number;
  readonly fewestRowsPerPart: number;
}

// A CPU adds up thousands of rows in the time that a second dispatch takes; a GPU has to be filled.
const ways: Readonly<Record<"subgroup" | "workgroup" | "plain", Way>> = {
  subgroup: {
    shader: subgroupShader,
    tiles: (rowQuads, columnQuads) => Math.ceil(rowQuads / 8) * Math.ceil(columnQuads / 4),
    tilesPerWorkgroup: 1,
    enoughTiles: 64,
    fewestRowsPerPart: 4096,
  },
  workgroup: {
    shader: workgroupShader,
    side: (rowQuads, columnQuads) => squareTiles(rowQuads, columnQuads).side,
    tiles: (rowQuads, columnQuads) => squareTiles(rowQuads, columnQuads).tiles,
    tilesPerWorkgroup: 1,
    enoughTiles: 256,
    fewestRowsPerPart: 128,
  },
  plain: {
    shader: plainShader,
    tiles: (rowQuads, columnQuads) => rowQuads * columnQuads,
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
function cutOf({ a, b }: Transposed, way: Way): Cut {
  const inner = rowCount(a.shape);
  const tiles = way.tiles(quadsOf(a.shape), quadsOf(b.shape));
  const wanted = Math.min(Math.ceil(way.enoughTiles / tiles), Math.ceil(inner / way.fewestRowsPerPart));
  const innerPerPart = Math.ceil(inner / wanted / 16) * 16;
  return { parts: Math.ceil(inner / innerPerPart), innerPerPart };
}

/** Room for the parts of the sum in whichever family computes it. */
export function transposedScratch(product: Transposed): OutputSpec[] {
  const parts = Math.max(...Object.values(ways).map((way) => cutOf(product, way).parts));
  return parts === 1 ? [] : [{ shape: [parts, lastDimension(product.a.shape), lastDimension(product.b.shape)] }];
}

/** The families of an op whose inputs are a and b, whose output is a^T b, and whose scratch is {@link transposedScratch}. */
export function transposedFamilies<Attributes>(): KernelFamily<Attributes>[] {
  const launching =
    (way: Way) =>
    ({ inputs, outputs, scratch }: Node<Attributes>): Dispatch[] => {
      const product = { a: inputs[0]!, b: inputs[1]! };
      const cut = cutOf(product, way);
      if (cut.parts === 1) return [transposedDispatch(product, outputs[0]!, cut, way)];
      return [transposedDispatch(product, scratch[0]!, cut, way), reduceDispatch(scratch[0]!, outputs[0]!, cut.parts)];
    };
  return familiesOf<Attributes, (node: Node<Attributes>) => Dispatch[]>({
    subgroup: launching(ways.subgroup),
    workgroup: launching(ways.workgroup),
    plain: launching(ways.plain),
  });
}

function transposedDispatch({ a, b }: Transposed, partial: Value, { parts, innerPerPart }: Cut, way: Way): Dispatch {
  const rowQuads = quadsOf(a.shape);
  const columnQuads = quadsOf(b.shape);
  return {
    shader: way.shader,
    ...(way.side ? { constants: { side: way.side(rowQuads, columnQuads) } } : {}),
    params: {
      rows: u32(lastDimension(a.shape)),
      inner: u32(rowCount(a.shape)),
      innerPerPart: u32(innerPerPart),
      parts: u32(parts),
      rowQuads: u32(rowQuads),
      columnQuads: u32(columnQuads),
    },
    bindings: [read(a), read(b), write(partial)],
    workgroups: gridOf(parts * way.tiles(rowQuads, columnQuads), way.tilesPerWorkgroup),
  };
}

/** The launch that adds up `parts` arrays of the size of `total`, which lie one after another in `partial`. */
export function reduceDispatch(partial: Value, total: Value, parts: number): Dispatch {
  const count = rowCount(total.shape) * quadsOf(total.shape);
  return {
    shader: reduceShader,
    params: { parts: u32(parts), quads: u32(count) },
    bindings: [read(partial), write(total)],
    workgroups: gridOf(count),
  };
}
