import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, type Engine } from "../../src/engine.ts";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { type AdamOptions, adamRows, adamSchedule } from "../../src/ops/adam.ts";
import { adamDense } from "../../src/ops/adam-dense.ts";
import { rowOrder } from "../../src/ops/row-order.ts";
import { fromHalf, toHalf } from "../../src/reference/half.ts";
import { expectClose, normals } from "../support/op.ts";

let engine: Engine;
let host: Engine;
beforeAll(async () => {
  engine = await createEngine();
  host = await createEngine({ adapter: "cpu" });
});
afterAll(() => engine.dispose());

const usual = { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
/**
 * With moments that forget and an epsilon beside which the second is nothing, a step subtracts the gradient and no more: one
 * float32 operation, of which the reference knows every bit.
 */
const plainDescent = { rate: 2 ** 80, beta1: 0, beta2: 0, epsilon: 2 ** 80 };

interface Descent {
  readonly shape: readonly [number, number];
  readonly initial: Float32Array;
  readonly ids: readonly number[];
  readonly gradient: (step: number) => Float32Array;
  readonly steps: readonly number[];
  readonly settings: AdamOptions & { readonly rate: number };
  readonly tableWindowBytes?: number;
}

/** Moves a table of halves and returns it with its moments. */
async function descend(on: Engine, descent: Descent): Promise<Record<string, Float32Array>> {
  const { shape, initial, ids, gradient, steps, settings, tableWindowBytes } = descent;
  const graph = new Graph();
  const zeros = () => new Float32Array(initial.length);
  const state = {
    parameter: graph.parameter("w", shape, () => initial, { precision: "f16" }),
    firstMoment: graph.parameter("m", shape, zeros, { trainable: false }),
    secondMoment: graph.parameter("v", shape, zeros, { trainable: false }),
  };
  const part = {
    ids: graph.input("ids", "u32", [ids.length]),
    rows: graph.input("rows", "f32", [ids.length, shape[1]]),
  };
  const schedule = adamSchedule(graph.input("step", "u32", [1]), settings);
  const update = adamRows(state, [part], rowOrder([part.ids]), schedule, settings);
  const parameters = on.createParameters();
  const program = await on.compile({ outputs: {}, updates: [update], parameters, tableWindowBytes });
  for (const step of steps)
    await program.run({ ids: Uint32Array.from(ids), rows: gradient(step), step: Uint32Array.of(step) });
  program.dispose();
  const read = async (name: string) => [name, await parameters.read(name)] as const;
  return Object.fromEntries(await Promise.all(parameters.names.map(read)));
}

const bitsOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
const counted = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe("adamRows on a table of halves", () => {
  const ranges = [
    { name: "numbers of the usual size", scale: 0.1, steps: counted(20) },
    { name: "numbers that become subnormal", scale: 2 ** -15, steps: counted(20) },
    { name: "numbers below the smallest half", scale: 2 ** -26, steps: counted(20) },
    { name: "numbers beyond the largest half", scale: 30_000, steps: counted(20) },
    { name: "late steps", scale: 0.1, steps: [2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1, 2 ** 31] },
  ];
  for (const { name, scale, steps } of ranges) {
    test(`${name}: the device rounds as the reference does, bit by bit`, async () => {
      const shape = [41, 7] as const;
      const ids = [...counted(40)];
      const descent: Descent = {
        shape,
        initial: normals(shape, 3, scale).data as Float32Array,
        ids,
        gradient: (step) => normals([ids.length, 7], step, scale / 4).data as Float32Array,
        steps,
        settings: plainDescent,
      };
      const [got, want] = [await descend(engine, descent), await descend(host, descent)];
      expect(bitsOf(got.w!).equals(bitsOf(want.w!))).toBe(true);
      const moved = want.w!.filter((value, i) => value !== fromHalf(toHalf(descent.initial[i]!)));
      expect(moved.length).toBeGreaterThan(100);
      expect(want.w!.every((value) => Math.abs(value) <= 65504)).toBe(true);
    });
  }

  test("with Adam's own settings, float32 and float64 differ by one last bit at most, and little in the mean", async () => {
    const shape = [30, 10] as const;
    const descent: Descent = {
      shape,
      initial: normals(shape, 3, 0.1).data as Float32Array,
      ids: [7, 3, 0, 29, 3, 3],
      gradient: (step) => normals([6, 10], step).data as Float32Array,
      steps: counted(6),
      settings: { ...usual, weightDecay: 0.1 },
    };
    const [got, again, want] = [
      await descend(engine, descent),
      await descend(engine, descent),
      await descend(host, descent),
    ];
    expect(again).toEqual(got);
    // The last bit of halves below 0.5.
    expectClose("parameter", got.w!, want.w!, 2 ** -12);
    for (const name of ["m", "v"]) expectClose(name, got[name]!, want[name]!, 2 ** -12);
    expect(got.w!.filter((value, i) => value !== want.w![i]).length).toBeLessThan(3);
    expect([...got.w!.subarray(0, 10)]).toEqual([...want.w!.subarray(0, 10)]);
  });

  test("through windows it leaves the bits of a table seen whole", async () => {
    const shape = [200, 8] as const;
    const ids = [1, 63, 64, 127, 0, 128, 191, 192, 199, 64];
    const descent: Descent = {
      shape,
      initial: normals(shape, 3, 0.1).data as Float32Array,
      ids,
      gradient: (step) => normals([ids.length, 8], step).data as Float32Array,
      steps: counted(4),
      settings: usual,
    };
    const windowed = await descend(engine, { ...descent, tableWindowBytes: 64 * 8 * 4 });
    expect(windowed).toEqual(await descend(engine, descent));
  });

  test("steps far below the last bit move the mean as they would in float32", async () => {
    const [rows, d] = [65, 64];
    const small = fromHalf(0x3c00) * 2 ** -14;
    const steps = 200;
    const { w } = await descend(engine, {
      shape: [rows, d],
      initial: new Float32Array(rows * d).fill(1.5),
      ids: counted(rows - 1),
      gradient: () => new Float32Array((rows - 1) * d).fill(-small),
      steps: counted(steps),
      settings: plainDescent,
    });
    const moved = w!.subarray(d);
    const mean = moved.reduce((sum, value) => sum + value, 0) / moved.length;
    const lastBit = 2 ** -10;
    // Each step goes up by a last bit with probability p = 1/16; nearest rounding would never move.
    const deviation = lastBit * Math.sqrt((steps * (1 / 16) * (15 / 16)) / moved.length);
    expect(Math.abs(mean - (1.5 + steps * small))).toBeLessThan(5 * deviation);
    expect(new Set(moved).size).toBeGreaterThan(10);
    expect([...w!.subarray(0, d)].every((value) => value === 1.5)).toBe(true);
  });

  test("a gradient that is no number stays visible in the table", async () => {
    const { w } = await descend(engine, {
      shape: [2, 4],
      initial: new Float32Array(8).fill(1),
      ids: [1],
      gradient: () => new Float32Array(4).fill(Number.NaN),
      steps: [1],
      settings: usual,
    });
    expect([...w!]).toEqual([1, 1, 1, 1, ...new Array(4).fill(Number.NaN)]);
  });
});

test("a dense update of a table of halves is refused", () => {
  const graph = new Graph();
  const moment = (name: string): Value => graph.parameter(name, [2, 4], () => new Float32Array(8));
  const parameter = graph.parameter("w", [2, 4], () => new Float32Array(8), { precision: "f16" });
  const state = { parameter, firstMoment: moment("m"), secondMoment: moment("v") };
  const schedule = adamSchedule(graph.input("step", "u32", [1]), usual);
  expect(() => adamDense([{ ...state, gradient: graph.input("g", "f32", [2, 4]) }], schedule, usual)).toThrow(
    "adamDense: expected numbers in float32, got the f16 table w [2, 4]; gather its rows first",
  );
});
