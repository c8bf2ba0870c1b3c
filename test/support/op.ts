import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backpropagate } from "../../src/autograd.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { type Gradient, Graph, type Value } from "../../src/graph/graph.ts";
import { interpret } from "../../src/graph/interpreter.ts";
import { plan } from "../../src/graph/plan.ts";
import type { Program } from "../../src/graph/program.ts";
import { elementCount, type Shape } from "../../src/graph/shape.ts";
import { fromHalf, toHalf } from "../../src/reference/half.ts";
import { randomStream } from "../../src/reference/random.ts";

/** One array that a case feeds to an op. */
export interface Feed {
  readonly shape: Shape;
  readonly data: Float32Array | Uint32Array;
  /** Makes it a table that is stored in halves, with this first content; it gets no gradient here. */
  readonly precision?: "f16";
}

export interface OpCase {
  /** Names the edge that the case is about. */
  readonly name: string;
  readonly feeds: Readonly<Record<string, Feed>>;
  apply(values: Readonly<Record<string, Value>>): Value | readonly Value[];
  /** Feeds whose gradients are checked; default: every f32 feed. An empty list for ops without gradient. */
  readonly differentiate?: readonly string[];
  /** False where the gradient rule holds something constant on purpose, so that it is no derivative; default true. */
  readonly derivative?: boolean;
  /** Largest |got - want| / max(1, largest |want|) of kernel against reference; default 1e-5. */
  readonly tolerance?: number;
  /** Runs the kernels once more with tables seen through windows of this many bytes, for the same bits. */
  readonly tableWindowBytes?: number;
  /** Largest error of the gradient rule against central differences in float64; default 1e-6. */
  readonly gradientTolerance?: number;
}

/** Normal numbers, scaled; the same for the same seed. */
export function normals(shape: Shape, seed = 1, scale = 1): Feed {
  const stream = randomStream(seed, 77);
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => scale * stream.normal(i)) };
}

/** A table of halves. */
export function halves(feed: Feed): Feed {
  return { ...feed, precision: "f16" };
}

export function numbers(shape: Shape, data: readonly number[]): Feed {
  return { shape, data: Float32Array.from(data) };
}

export function integers(shape: Shape, data: readonly number[]): Feed {
  return { shape, data: Uint32Array.from(data) };
}

const sentinel = 12345.678;

/**
 * Checks an op three ways for every case: the gradient rule against central differences in double precision, the kernels
 * (output and each gradient) against the references, and a second run for identical bits.
 */
export function describeOp(name: string, cases: readonly OpCase[]): void {
  describe(name, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine();
    });
    afterAll(() => engine.dispose());
    for (const one of cases) {
      const built = build(one);
      test(`${one.name}: gradients agree with central differences`, () => checkGradients(one, built));
      test(`${one.name}: kernels agree with the references, twice with the same bits`, () =>
        checkKernels(one, built, engine));
    }
  });
}

type Built = ReturnType<typeof build>;

/** Applies the op to inputs, and its gradient rules to upstream inputs of their own. */
function build(one: OpCase) {
  const graph = new Graph();
  const values: Record<string, Value> = {};
  for (const [name, feed] of Object.entries(one.feeds)) {
    values[name] = feed.precision
      ? graph.parameter(name, feed.shape, () => feed.data as Float32Array, { precision: feed.precision })
      : graph.input(name, feed.data instanceof Uint32Array ? "u32" : "f32", feed.shape);
  }
  const applied = one.apply(values);
  const outputs = Array.isArray(applied) ? (applied as readonly Value[]) : [applied as Value];
  const wanted =
    one.differentiate ??
    Object.keys(one.feeds).filter(
      (name) => one.feeds[name]!.data instanceof Float32Array && !one.feeds[name]!.precision,
    );
  const upstream: Record<string, Feed> = {};
  const gradients: Record<string, Value> = {};
  if (wanted.length > 0) {
    const given = new Map<Value, Value>();
    for (const [i, output] of outputs.entries()) {
      if (output.type === "u32") continue;
      upstream[`upstream${i}`] = normals(output.shape, 1000 + i);
      given.set(output, graph.input(`upstream${i}`, "f32", output.shape));
    }
    const flowing = backpropagate(
      given,
      wanted.map((name) => values[name]!),
    );
    for (const name of wanted) gradients[name] = dense(flowing.get(values[name]!), name);
  }
  return { outputs, upstream, gradients };
}

function dense(gradient: Gradient | undefined, name: string): Value {
  if (gradient === undefined || "parts" in gradient) throw new Error(`no dense gradient for ${name}`);
  return gradient;
}

const arraysOf = (feeds: Readonly<Record<string, Feed>>) =>
  Object.fromEntries(
    Object.entries(feeds)
      .filter(([, feed]) => !feed.precision)
      .map(([name, feed]) => [name, feed.data as Float32Array | Uint32Array | Float64Array]),
  );

/** The tables in halves, as the references see them. */
const tablesOf = (feeds: Readonly<Record<string, Feed>>) =>
  new Map(
    Object.entries(feeds)
      .filter(([, feed]) => feed.precision)
      .map(([name, feed]) => [name, Float64Array.from(feed.data, (value) => fromHalf(toHalf(value)))]),
  );

function checkGradients(one: OpCase, { outputs, upstream, gradients }: Built): void {
  const forward = plan({ outputs: Object.fromEntries(outputs.map((output, i) => [`${i}`, output])) });
  const tables = tablesOf(one.feeds);
  const loss = (arrays: Record<string, Float32Array | Uint32Array | Float64Array>) => {
    const tensors = interpret(forward, arrays, tables);
    let sum = 0;
    for (const [i, output] of outputs.entries()) {
      const weights = upstream[`upstream${i}`]?.data;
      if (!weights) continue;
      for (const [at, value] of tensors.get(output)!.data.entries()) sum += value * weights[at]!;
    }
    return sum;
  };
  const feeds = arraysOf(one.feeds);
  expect(Number.isFinite(loss(feeds))).toBe(true);
  if (Object.keys(gradients).length === 0 || one.derivative === false) return;
  const tensors = interpret(plan({ outputs: gradients }), { ...feeds, ...arraysOf(upstream) }, tables);
  for (const [name, value] of Object.entries(gradients)) {
    const original = Float64Array.from(feeds[name]!);
    const analytic = tensors.get(value)!.data as Float64Array;
    const numeric = new Float64Array(original.length);
    for (const i of sampled(original.length)) {
      const step = 1e-5 * Math.max(1, Math.abs(original[i]!));
      const at = (x: number) => loss({ ...feeds, [name]: original.with(i, x) });
      numeric[i] = (at(original[i]! + step) - at(original[i]! - step)) / (2 * step);
    }
    const checked = sampled(original.length);
    expectClose(
      `gradient of ${name}`,
      checked.map((i) => analytic[i]!),
      checked.map((i) => numeric[i]!),
      one.gradientTolerance ?? 1e-6,
    );
  }
}

/** All positions of a small array, or 60 spread over a large one. */
function sampled(length: number): number[] {
  const count = Math.min(length, 60);
  return Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
}

/** Every family of kernels that runs on this adapter computes the case, the adapter's own choice first. */
async function checkKernels(one: OpCase, built: Built, engine: Engine): Promise<void> {
  const others = new Set(
    (await checkFamily(one, built, engine)).flatMap(({ chosen, supported }) =>
      supported.filter((name) => name !== chosen),
    ),
  );
  for (const family of others) await checkFamily(one, built, engine, family);
  if (one.tableWindowBytes === undefined) return;
  for (const family of [undefined, ...others]) await checkWindows(one, built, engine, family);
}

/** Kernels that go through a table window by window leave the bits of those that see it whole. */
async function checkWindows(one: OpCase, { outputs }: Built, engine: Engine, family?: string): Promise<void> {
  const goals = Object.fromEntries(outputs.map((output, i) => [`output ${i}`, output]));
  const common = { outputs: goals, poison: sentinel, chooseFamily: () => family };
  const [whole, windowed] = [
    await engine.compile(common),
    await engine.compile({ ...common, tableWindowBytes: one.tableWindowBytes }),
  ];
  expect(windowed.dispatches, "launches with several windows").toBeGreaterThan(whole.dispatches);
  const feeds = arraysOf(one.feeds) as Record<string, Float32Array | Uint32Array>;
  for (const program of [whole, windowed]) await program.run(feeds);
  for (const name of Object.keys(goals)) {
    const [want, got] = [await whole.read(name), await windowed.read(name)];
    expect(bitsOf(got).equals(bitsOf(want)), `${name} through windows: the same bits`).toBe(true);
  }
  for (const program of [whole, windowed]) program.dispose();
}

async function checkFamily(
  one: OpCase,
  { outputs, upstream, gradients }: Built,
  engine: Engine,
  family?: string,
): Promise<Program["families"]> {
  const goals: Record<string, Value> = { ...Object.fromEntries(outputs.map((output, i) => [`output ${i}`, output])) };
  for (const [name, value] of Object.entries(gradients)) goals[`gradient of ${name}`] = value;
  const feeds = { ...arraysOf(one.feeds), ...arraysOf(upstream) } as Record<string, Float32Array | Uint32Array>;
  const program = await engine.compile({ outputs: goals, poison: sentinel, chooseFamily: () => family });
  const expected = interpret(plan({ outputs: goals }), feeds, tablesOf(one.feeds));
  const runs: (Float32Array | Uint32Array)[][] = [];
  for (let run = 0; run < 2; run++) {
    await program.run(feeds);
    const results = [];
    for (const name of Object.keys(goals)) results.push(await program.read(name));
    runs.push(results);
  }
  program.dispose();
  for (const [i, [name, value]] of Object.entries(goals).entries()) {
    const what = family === undefined ? name : `${name} by the family ${family}`;
    expectClose(what, runs[0]![i]!, expected.get(value)!.data, one.tolerance ?? 1e-5);
    expect(bitsOf(runs[1]![i]!).equals(bitsOf(runs[0]![i]!)), `${what}: the second run has the same bits`).toBe(true);
  }
  return program.families;
}

const bitsOf = (array: Float32Array | Uint32Array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** Compares arrays relative to the largest wanted magnitude (at least 1) and reports the worst place. */
export function expectClose(what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length, `${what}: length`).toBe(want.length);
  let scale = 1;
  for (let i = 0; i < want.length; i++) scale = Math.max(scale, Math.abs(want[i]!));
  let worst = 0;
  let error = -1;
  // No number is larger than NaN: where one is found it stays the worst.
  for (let i = 0; i < want.length && !Number.isNaN(error); i++) {
    const difference = Math.abs(got[i]! - want[i]!) / scale;
    if (!(difference <= error)) {
      error = difference;
      worst = i;
    }
  }
  if (want.length > 0 && !(error <= tolerance)) {
    throw new Error(
      `${what}: worst at ${worst}: got ${got[worst]}, want ${want[worst]}, error ${error} > tolerance ${tolerance}`,
    );
  }
}
