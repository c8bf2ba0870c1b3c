import { describe, expect, test } from "vitest";
import { Graph, type RowGradientPart, type Value } from "../../src/graph/graph.ts";
import { rowsToDense } from "../../src/ops/rows-to-dense.ts";
import { describeOp, type Feed, integers, normals, type OpCase } from "../support/op.ts";

/** Each feed `ids<p>` with its `rows<p>` is a part. */
const dense = (name: string, tableRows: number, feeds: Record<string, Feed>): OpCase => ({
  name,
  feeds,
  apply: (values) => rowsToDense(partsOf(values), tableRows),
  differentiate: [],
});

function partsOf(values: Readonly<Record<string, Value>>): RowGradientPart[] {
  const parts: RowGradientPart[] = [];
  for (let p = 0; values[`ids${p}`]; p++) parts.push({ ids: values[`ids${p}`]!, rows: values[`rows${p}`]! });
  return parts;
}

describeOp("rowsToDense", [
  dense("repeated ids and padding", 6, { ids0: integers([2, 3], [5, 0, 1, 1, 5, 1]), rows0: normals([2, 3, 8]) }),
  dense("width not a multiple of 4", 4, { ids0: integers([3], [3, 1, 3]), rows0: normals([3, 5]) }),
  dense("only padding", 4, { ids0: integers([2], [0, 0]), rows0: normals([2, 4]) }),
  dense("one table row beside the padding", 2, { ids0: integers([3], [1, 0, 1]), rows0: normals([3, 4]) }),
  dense("three ids share a row, as the features of an item do", 5, {
    ids0: integers([2, 3], [1, 2, 0, 2, 4, 4]),
    rows0: normals([2, 4]),
  }),
  dense("four parts, each with its own fan", 9, {
    ids0: integers([2, 3], [8, 0, 1, 1, 5, 0]),
    rows0: normals([2, 3, 5], 1),
    ids1: integers([2, 2], [1, 2, 8, 0]),
    rows1: normals([2, 5], 2),
    ids2: integers([1], [8]),
    rows2: normals([1, 5], 3),
    ids3: integers([2, 3], [8, 7, 0, 1, 8, 1]),
    rows3: normals([2, 5], 4),
  }),
  dense("many occurrences of few rows", 40, {
    ids0: { shape: [50, 40], data: new Uint32Array(2000).map((_, i) => (i * i) % 37) },
    rows0: normals([50, 40, 8]),
  }),
  {
    ...dense("a gradient of four windows: first and last rows of each, and padding", 200, {
      ids0: integers([3, 3], [1, 63, 64, 0, 127, 128, 191, 192, 199]),
      rows0: normals([3, 3, 8]),
      ids1: integers([4], [199, 64, 0, 63]),
      rows1: normals([2, 8], 2),
    }),
    tableWindowBytes: 64 * 32,
  },
  {
    ...dense("a gradient of three windows, no row in the middle one", 140, {
      ids0: integers([4], [139, 63, 128, 63]),
      rows0: normals([4, 5]),
    }),
    tableWindowBytes: 64 * 32,
  },
  dense("more table rows than one grid dimension", 4_194_305, {
    ids0: integers([3], [4_194_304, 1, 4_194_304]),
    rows0: normals([3, 1]),
  }),
]);

test("rows are summed as written by hand", async () => {
  const { interpret } = await import("../../src/graph/interpreter.ts");
  const { plan } = await import("../../src/graph/plan.ts");
  const graph = new Graph();
  const parts = [
    { ids: graph.input("a", "u32", [2]), rows: graph.input("ra", "f32", [2, 1]) },
    { ids: graph.input("b", "u32", [2, 2]), rows: graph.input("rb", "f32", [2, 1]) },
  ];
  const sum = rowsToDense(parts, 4);
  const feeds = {
    a: Uint32Array.of(3, 1),
    ra: Float32Array.of(1, 10),
    b: Uint32Array.of(1, 0, 2, 1),
    rb: Float32Array.of(100, 1000),
  };
  const tensors = interpret(plan({ outputs: { sum } }), feeds, new Map());
  expect(tensors.get(sum)!.data).toEqual(Float64Array.of(0, 10 + 100 + 1000, 1000, 1));
});

describe("parts that do not fit are refused with all shapes", () => {
  const part = (graph: Graph, name: string, ids: number[], rows: number[]): RowGradientPart => ({
    ids: graph.input(`${name}.ids`, "u32", ids),
    rows: graph.input(`${name}.rows`, "f32", rows),
  });
  test("ids that cannot be shared out", () => {
    const graph = new Graph();
    expect(() => rowsToDense([part(graph, "a", [5], [2, 4])], 9)).toThrow(/got ids 0 \[5\], rows 0 \[2, 4\]/);
  });
  test("rows of two widths", () => {
    const graph = new Graph();
    expect(() => rowsToDense([part(graph, "a", [2], [2, 4]), part(graph, "b", [2], [2, 8])], 9)).toThrow(
      /rows 1 \[2, 8\]/,
    );
  });
  test("more than four", () => {
    const graph = new Graph();
    const parts = Array.from({ length: 5 }, (_, i) => part(graph, `${i}`, [2], [2, 4]));
    expect(() => rowsToDense(parts, 9)).toThrow(/expected 1 to 4 parts/);
  });
});
