import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gradients } from "../../src/autograd.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { Graph, type RowGradientPart, type Value } from "../../src/graph/graph.ts";
import { gather, gatherEach, gatheredFrom } from "../../src/ops/gather.ts";
import { gather as reference } from "../../src/reference/gather.ts";
import { fromHalf } from "../../src/reference/half.ts";
import { describeOp, halves, integers, normals } from "../support/op.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.dispose());

test("id 0 gives a zero row whatever the table holds", () => {
  const table = Float64Array.of(9, 9, 1, 2, 3, 4);
  expect(reference(table, Uint32Array.of(2, 0, 1, 2), 2)).toEqual(Float64Array.of(3, 4, 0, 0, 1, 2, 3, 4));
});

describeOp("gather", [
  {
    name: "a batch of histories, padded and with repeated ids",
    feeds: { table: normals([6, 8]), ids: integers([2, 3], [5, 0, 1, 1, 5, 0]) },
    apply: ({ table, ids }) => gather(table!, ids!),
    differentiate: [],
  },
  {
    name: "an empty history",
    feeds: { table: normals([3, 4]), ids: integers([1, 3], [0, 0, 0]) },
    apply: ({ table, ids }) => gather(table!, ids!),
    differentiate: [],
  },
  {
    name: "width not a multiple of 4, one row",
    feeds: { table: normals([3, 5]), ids: integers([1], [2]) },
    apply: ({ table, ids }) => gather(table!, ids!),
    differentiate: [],
  },
  {
    name: "a table of four windows: first and last rows of each, and padding",
    feeds: {
      table: normals([200, 8]),
      ids: integers([3, 5], [0, 1, 63, 64, 127, 128, 191, 192, 199, 0, 5, 64, 7, 199, 0]),
    },
    apply: ({ table, ids }) => gather(table!, ids!),
    differentiate: [],
    tableWindowBytes: 64 * 32,
  },
  {
    name: "a table of three windows, no id in the middle one, width not a multiple of 4",
    feeds: { table: normals([140, 5]), ids: integers([6], [63, 128, 0, 139, 1, 63]) },
    apply: ({ table, ids }) => gather(table!, ids!),
    differentiate: [],
    tableWindowBytes: 64 * 32,
  },
  {
    name: "only padding, with a table of two windows",
    feeds: { table: normals([70, 4]), ids: integers([3], [0, 0, 0]) },
    apply: ({ table, ids }) => gather(table!, ids!),
    differentiate: [],
    tableWindowBytes: 64 * 16,
  },
  {
    name: "table and result of several windows",
    feeds: {
      table: normals([150, 4]),
      ids: { shape: [13, 11], data: new Uint32Array(143).map((_, i) => (i * 71) % 150) },
    },
    apply: ({ table, ids }) => gather(table!, ids!),
    differentiate: [],
    tableWindowBytes: 64 * 16,
  },
  {
    name: "a table of halves, width not a multiple of 4",
    feeds: { table: halves(normals([6, 7])), ids: integers([2, 3], [5, 0, 1, 1, 5, 0]) },
    apply: ({ table, ids }) => gather(table!, ids!),
    tolerance: 0,
  },
  {
    name: "every finite half, subnormal ones too",
    feeds: {
      table: halves({
        shape: [125, 512],
        data: Float32Array.from({ length: 125 * 512 }, (_, i) => {
          const place = Math.max(0, i - 512);
          return fromHalf((place >> 1) | ((place & 1) << 15));
        }),
      }),
      ids: { shape: [125], data: new Uint32Array(125).map((_, i) => i) },
    },
    apply: ({ table, ids }) => gather(table!, ids!),
    tolerance: 0,
  },
  {
    name: "a table of halves of four windows: first and last rows of each, and padding",
    feeds: {
      table: halves(normals([200, 8])),
      ids: integers([3, 5], [0, 1, 63, 64, 127, 128, 191, 192, 199, 0, 5, 64, 7, 199, 0]),
    },
    apply: ({ table, ids }) => gather(table!, ids!),
    tolerance: 0,
    tableWindowBytes: 64 * 16,
  },
  {
    name: "three lists of ids, the last alone",
    feeds: {
      table: normals([9, 7]),
      few: integers([2], [0, 8]),
      many: integers([3, 5], [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 1, 0, 0, 3, 8]),
      last: integers([1, 2], [4, 0]),
    },
    apply: ({ table, few, many, last }) => gatherEach(table!, [few!, many!, last!]),
    differentiate: [],
  },
  {
    name: "two lists of ids and a table of several windows",
    feeds: {
      table: normals([150, 4]),
      few: integers([3], [149, 0, 64]),
      many: { shape: [50], data: new Uint32Array(50).map((_, i) => (i * 71) % 150) },
    },
    apply: ({ table, few, many }) => gatherEach(table!, [few!, many!]),
    differentiate: [],
    tableWindowBytes: 64 * 16,
  },
  {
    name: "two lists of ids, of which the rows of one take several windows",
    feeds: {
      table: normals([60, 4]),
      few: integers([3], [59, 0, 7]),
      many: { shape: [143], data: new Uint32Array(143).map((_, i) => (i * 71) % 60) },
    },
    apply: ({ table, few, many }) => gatherEach(table!, [few!, many!]),
    differentiate: [],
    tableWindowBytes: 64 * 16,
  },
  {
    name: "two lists of ids in a table of halves",
    feeds: { table: halves(normals([6, 7])), few: integers([1], [5]), many: integers([2, 3], [5, 0, 1, 1, 5, 0]) },
    apply: ({ table, few, many }) => gatherEach(table!, [few!, many!]),
    tolerance: 0,
  },
  {
    name: "more rows than one grid dimension",
    feeds: {
      table: normals([3, 1]),
      ids: { shape: [4_194_305], data: new Uint32Array(4_194_305).map((_, i) => i % 3) },
    },
    apply: ({ table, ids }) => gather(table!, ids!),
    differentiate: [],
  },
]);

test("any shape of ids: every row of the table arrives where its id stands", async () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(shapes, fc.integer({ min: 1, max: 9 }), async (shape, d) => {
      const graph = new Graph();
      const table = graph.input("table", "f32", [4, d]);
      const ids = graph.input("ids", "u32", shape);
      const rows = gather(table, ids);
      expect(rows.shape).toEqual([...shape, d]);
      const program = await engine.compile({ outputs: { rows } });
      const numbers = Float32Array.from({ length: 4 * d }, (_, i) => i);
      const chosen = new Uint32Array(shape.reduce((a, b) => a * b)).map((_, i) => (i * 7) % 4);
      await program.run({ table: numbers, ids: chosen });
      const got = await program.read("rows");
      program.dispose();
      expect([...got]).toEqual(
        [...chosen].flatMap((id) => Array.from({ length: d }, (_, c) => (id === 0 ? 0 : id * d + c))),
      );
    }),
    { numRuns: 20 },
  );
});

test("the gradient of the table is given by rows", () => {
  const graph = new Graph();
  const table = graph.parameter("table", [5, 1], () => new Float32Array(5));
  const ids = graph.input("ids", "u32", [1]);
  const { parts } = gradients(gather(table, ids), [table]).get(table) as { parts: RowGradientPart[] };
  expect(parts.map((part) => [part.ids, part.rows.shape])).toEqual([[ids, [1, 1]]]);
});

test("of several lists each knows its ids, and only those whose rows are used take a launch and have a gradient", async () => {
  const graph = new Graph();
  const table = graph.parameter("table", [5, 1], () => new Float32Array(5));
  const lists = ["a", "b", "c"].map((name) => graph.input(name, "u32", [1]));
  const rows = gatherEach(table, lists);
  expect(rows.map((one) => gatheredFrom(one)!.ids)).toEqual(lists);
  const { parts } = gradients(rows[1]!, [table]).get(table) as { parts: RowGradientPart[] };
  expect(parts.map(({ ids }) => ids)).toEqual([lists[1]]);
  const dispatches = async (outputs: Record<string, Value>) => (await engine.compile({ outputs })).dispatches;
  expect(await dispatches({ a: rows[0]!, c: rows[2]! })).toBe(1);
  expect(await dispatches({ a: rows[0]!, b: rows[1]!, c: rows[2]! })).toBe(2);
});

test("float ids are refused, with all shapes", () => {
  const graph = new Graph();
  const table = graph.input("table", "f32", [4, 2]);
  expect(() => gather(table, graph.input("ids", "f32", [3]))).toThrow(
    "gather: expected a table [V + 1, d] and u32 ids [...], got table [4, 2], ids [3]",
  );
});
