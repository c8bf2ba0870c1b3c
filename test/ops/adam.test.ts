import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, type Engine } from "../../src/engine.ts";
import { Graph, type Node, type RowGradientPart, type Value } from "../../src/graph/graph.ts";
import { interpret } from "../../src/graph/interpreter.ts";
import { plan } from "../../src/graph/plan.ts";
import { type AdamState, adamRows, adamSchedule } from "../../src/ops/adam.ts";
import { adamDense } from "../../src/ops/adam-dense.ts";
import { rowOrder } from "../../src/ops/row-order.ts";
import { rowsToDense } from "../../src/ops/rows-to-dense.ts";
import { expectClose, normals } from "../support/op.ts";

const settings = { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const steps = 6;
// Adam divides by the root of the second moment, so an element's relative error stays; six steps of float32 add up.
const tolerance = 1e-5;

let engine: Engine;
let host: Engine;
beforeAll(async () => {
  engine = await createEngine();
  host = await createEngine({ adapter: "cpu" });
});
afterAll(() => engine.dispose());

type Feeds = Record<string, Float32Array | Uint32Array>;

/** Makes the graph anew, runs it for six steps on one engine and returns every parameter. */
async function train(
  on: Engine,
  build: () => { updates: Node[]; feeds(step: number): Feeds },
  options: { tableWindowBytes?: number } = {},
): Promise<Record<string, Float32Array>> {
  const { updates, feeds } = build();
  const parameters = on.createParameters();
  const program = await on.compile({ outputs: {}, updates, parameters, ...options });
  for (let t = 1; t <= steps; t++) await program.run({ step: Uint32Array.of(t), ...feeds(t) });
  const entries = await Promise.all(parameters.names.map(async (name) => [name, await parameters.read(name)] as const));
  program.dispose();
  return Object.fromEntries(entries);
}

function stateOf(graph: Graph, shape: readonly number[], initial: Float32Array): AdamState {
  const zeros = () => new Float32Array(initial.length);
  return {
    parameter: graph.parameter("w", shape, () => initial),
    firstMoment: graph.parameter("m", shape, zeros, { trainable: false }),
    secondMoment: graph.parameter("v", shape, zeros, { trainable: false }),
  };
}

/** Adam as its paper writes it, in one loop. */
function byHand(initial: Float32Array, gradientOf: (step: number, w: Float64Array) => ArrayLike<number>): Float64Array {
  const w = Float64Array.from(initial);
  const m = new Float64Array(w.length);
  const v = new Float64Array(w.length);
  for (let t = 1; t <= steps; t++) {
    const g = gradientOf(t, w);
    for (let i = 0; i < w.length; i++) {
      m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
      v[i] = 0.999 * v[i]! + 0.001 * g[i]! ** 2;
      w[i]! -= (0.01 * (m[i]! / (1 - 0.9 ** t))) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
    }
  }
  return w;
}

describe("adamDense", () => {
  const cases = [
    { name: "a matrix", shape: [4, 8] },
    { name: "width not a multiple of 4", shape: [3, 5] },
    { name: "one row", shape: [1, 1] },
    { name: "more rows than one workgroup", shape: [70, 9] },
    { name: "an L2 penalty", shape: [4, 8], weightDecay: 0.1 },
  ];
  for (const { name, shape, weightDecay = 0 } of cases) {
    const initial = normals(shape, 5).data as Float32Array;
    const gradientAt = (t: number) => normals(shape, 100 + t).data as Float32Array;
    const build = () => {
      const graph = new Graph();
      const gradient = graph.input("gradient", "f32", shape);
      const schedule = adamSchedule(graph.input("step", "u32", [1]), settings);
      const update = adamDense([{ ...stateOf(graph, shape, initial), gradient }], schedule, {
        ...settings,
        weightDecay,
      });
      return { updates: [update], feeds: (t: number) => ({ gradient: gradientAt(t) }) };
    };
    test(`${name}: as written by hand`, async () => {
      const want = byHand(initial, (t, w) => gradientAt(t).map((g, i) => g + weightDecay * w[i]!));
      expectClose("parameter on the host", (await train(host, build)).w!, want, 1e-6);
      expectClose("parameter on the device", (await train(engine, build)).w!, want, tolerance);
    });
    test(`${name}: the device agrees with the interpreter, twice with the same bits`, async () => {
      const [got, again, want] = [await train(engine, build), await train(engine, build), await train(host, build)];
      for (const key of ["w", "m", "v"]) expectClose(key, got[key]!, want[key]!, tolerance);
      expect(again).toEqual(got);
    });
  }
});

interface TableCase {
  readonly name: string;
  readonly table: readonly [number, number];
  /** For each part: ids of the steps in turn, and how many of them share a row. */
  readonly parts: readonly {
    readonly ids: readonly number[];
    readonly fan?: number;
    readonly shape?: readonly number[];
  }[];
  readonly weightDecay?: number;
}

const many = Array.from({ length: 3000 }, (_, i) => (i * i * 31) % 91);
const tables: readonly TableCase[] = [
  { name: "repeated ids and padding", table: [9, 8], parts: [{ ids: [3, 0, 5, 3, 3, 8] }] },
  { name: "width not a multiple of 4", table: [9, 5], parts: [{ ids: [3, 0, 5, 3] }] },
  { name: "five vec4 to a row", table: [6, 20], parts: [{ ids: [5, 1, 5] }] },
  { name: "one row", table: [2, 4], parts: [{ ids: [1] }] },
  { name: "only padding", table: [4, 4], parts: [{ ids: [0, 0] }] },
  { name: "features that share a row", table: [7, 6], parts: [{ ids: [1, 2, 0, 2, 6, 6], fan: 3 }] },
  {
    name: "four parts, each with its own fan",
    table: [12, 8],
    parts: [
      { ids: [3, 0, 5, 3], shape: [2, 2] },
      { ids: [3, 9, 10, 0], fan: 2 },
      { ids: [3] },
      { ids: [5, 5, 3, 11, 0, 1], fan: 3 },
    ],
  },
  {
    name: "a part that only pads between two others",
    table: [6, 4],
    parts: [{ ids: [2] }, { ids: [0, 0] }, { ids: [2, 5] }],
  },
  {
    name: "many occurrences of few rows",
    table: [91, 12],
    parts: [{ ids: many, shape: [60, 50] }, { ids: [1, 2, 90] }],
  },
  { name: "more rows in the table than occurrences", table: [500, 64], parts: [{ ids: [499, 1, 250, 499] }] },
  { name: "an L2 penalty", table: [9, 8], parts: [{ ids: [3, 0, 5, 3] }], weightDecay: 0.1 },
];

const [windowRows, windowWidth] = [64, 8];
const windowed: readonly TableCase[] = [
  {
    name: "first and last rows of four windows",
    table: [200, windowWidth],
    parts: [{ ids: [1, 63, 64, 127, 0, 128] }, { ids: [191, 192, 199, 64, 0, 63], fan: 2 }],
    weightDecay: 0.1,
  },
  { name: "no row in the middle one of three windows", table: [140, windowWidth], parts: [{ ids: [62, 130, 1, 130] }] },
  { name: "only padding, with two windows", table: [70, windowWidth], parts: [{ ids: [0, 0] }] },
];

describe("adamRows", () => {
  for (const one of [...tables, ...windowed]) {
    const initial = normals(one.table, 7).data as Float32Array;
    const rowsOf = ({ ids, fan = 1 }: TableCase["parts"][number]) => ids.length / fan;
    const shift = (ids: readonly number[], t: number) =>
      Uint32Array.from(ids, (id) => (id === 0 ? 0 : (id + (t > 3 ? 1 : 0)) % (one.table[0] - 1) || one.table[0] - 1));
    const feeds = (t: number) => {
      const given: Feeds = {};
      for (const [p, part] of one.parts.entries()) {
        given[`ids${p}`] = shift(part.ids, t);
        given[`rows${p}`] = normals([rowsOf(part), one.table[1]], 100 * t + p).data as Float32Array;
      }
      return given;
    };
    const build = (update: (state: AdamState, parts: RowGradientPart[], schedule: Value) => Node) => () => {
      const graph = new Graph();
      const schedule = adamSchedule(graph.input("step", "u32", [1]), settings);
      const parts = one.parts.map((part, p) => {
        const ids = graph.input(`ids${p}`, "u32", part.shape ?? [part.ids.length]);
        return { ids, rows: graph.input(`rows${p}`, "f32", [rowsOf(part), one.table[1]]) };
      });
      return { updates: [update(stateOf(graph, one.table, initial), parts, schedule)], feeds };
    };
    const options = { ...settings, weightDecay: one.weightDecay };
    const lazy = build((state, parts, schedule) => {
      return adamRows(state, parts, rowOrder(parts.map((part) => part.ids)), schedule, options);
    });

    test(`${one.name}: the device agrees with the interpreter, twice with the same bits`, async () => {
      const [got, again, want] = [await train(engine, lazy), await train(engine, lazy), await train(host, lazy)];
      for (const key of ["w", "m", "v"]) expectClose(key, got[key]!, want[key]!, tolerance);
      expect(again).toEqual(got);
    });

    if (windowed.includes(one)) {
      test(`${one.name}: through windows the same bits as with the table whole`, async () => {
        const tableWindowBytes = windowRows * windowWidth * 4;
        expect(await train(engine, lazy, { tableWindowBytes })).toEqual(await train(engine, lazy));
      });
    }

    test(`${one.name}: as written by hand, and rows that do not occur keep their bits`, async () => {
      const { w, m } = await train(engine, lazy);
      const [rows, d] = one.table;
      const touched = new Set<number>();
      const want = Float64Array.from(initial);
      const moments = [new Float64Array(want.length), new Float64Array(want.length)] as const;
      for (let t = 1; t <= steps; t++) handStep(one, feeds(t), t, want, moments, touched);
      expectClose("parameter", w!, want, tolerance);
      for (let row = 0; row < rows; row++) {
        if (touched.has(row)) continue;
        expect(w!.subarray(row * d, (row + 1) * d)).toEqual(initial.subarray(row * d, (row + 1) * d));
        expect(m!.subarray(row * d, (row + 1) * d)).toEqual(new Float32Array(d));
      }
      expect(touched.has(0)).toBe(false);
    });

    test(`${one.name}: a dense update of the same gradient agrees where every row moves at every step`, async () => {
      const dense = build((state, parts, schedule) =>
        adamDense([{ ...state, gradient: rowsToDense(parts, one.table[0]) }], schedule, options),
      );
      const [got, want] = [await train(engine, dense), await train(host, dense)];
      expectClose("parameter", got.w!, want.w!, tolerance);
      if (one.name === "one row")
        expectClose("lazy", (await train(engine, lazy)).w!.subarray(4), got.w!.subarray(4), 1e-7);
    });
  }
});

function handStep(
  one: TableCase,
  feeds: Feeds,
  t: number,
  w: Float64Array,
  [m, v]: readonly [Float64Array, Float64Array],
  touched: Set<number>,
): void {
  const d = one.table[1];
  const gradient = new Map<number, Float64Array>();
  for (const [p, { fan = 1 }] of one.parts.entries()) {
    for (const [i, id] of feeds[`ids${p}`]!.entries()) {
      if (id === 0) continue;
      const sum = gradient.get(id) ?? new Float64Array(d);
      gradient.set(id, sum);
      for (let c = 0; c < d; c++) sum[c]! += feeds[`rows${p}`]![Math.floor(i / fan) * d + c]!;
    }
  }
  for (const [id, sum] of gradient) {
    touched.add(id);
    for (let c = 0; c < d; c++) {
      const i = id * d + c;
      const g = sum[c]! + (one.weightDecay ?? 0) * w[i]!;
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.999 * v[i]! + 0.001 * g ** 2;
      w[i]! -= (0.01 * (m[i]! / (1 - 0.9 ** t))) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
    }
  }
}

test("moments of another shape are refused, with all shapes", () => {
  const graph = new Graph();
  const state = stateOf(graph, [2, 4], new Float32Array(8));
  const gradient = graph.input("gradient", "f32", [2, 3]);
  const schedule = adamSchedule(graph.input("step", "u32", [1]), settings);
  expect(() => adamDense([{ ...state, gradient }], schedule, settings)).toThrow(
    /adamDense: expected .* gradient \[2, 3\], schedule \[3\]/,
  );
});

test("with a half-life the rate falls by half in so many steps, and nothing else of the schedule changes", () => {
  const graph = new Graph();
  const step = graph.input("step", "u32", [1]);
  const settings = { rate: 0.08, beta1: 0.9, beta2: 0.999 };
  const [constant, falling] = [adamSchedule(step, settings), adamSchedule(step, { ...settings, halfLife: 10 })];
  const schedules = plan({ outputs: { constant, falling } });
  const at = (t: number) => {
    const values = interpret(schedules, { step: Uint32Array.of(t) }, new Map());
    return [constant, falling].map((value) => [...values.get(value)!.data]);
  };
  expect(at(1)[1]).toEqual(at(1)[0]);
  for (const [t, share] of [
    [11, 1 / 2],
    [31, 1 / 8],
  ] as const) {
    const [[rate, ...others], [fallen, ...same]] = at(t) as [[number, ...number[]], [number, ...number[]]];
    expect(fallen / rate).toBeCloseTo(share, 12);
    expect(same).toEqual(others);
  }
});
