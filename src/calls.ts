import { backpropagate } from "./autograd.ts";
import { fail } from "./errors.ts";
import { Graph, type Value } from "./graph/graph.ts";
import type { InputArrays } from "./graph/interpreter.ts";
import type { Goal } from "./graph/plan.ts";
import type { Program } from "./graph/program.ts";
import { elementCount, formatShape, type Shape } from "./graph/shape.ts";
import { createTurns } from "./graph/turns.ts";

/** One array of a plain call. */
export interface Argument {
  readonly data: Float32Array | Uint32Array;
  readonly shape: Shape;
  /** Constants of the gradient, such as lengths, are not differentiated. */
  readonly differentiate?: boolean;
}

/** An op as a plain call: named arrays in, one array out. */
export interface Call {
  readonly name: string;
  /** Everything beside the arrays that the op depends on. */
  readonly options: unknown;
  readonly arguments: Readonly<Record<string, Argument>>;
  apply(values: Readonly<Record<string, Value>>): Value;
}

/** Runs single ops as plain calls; a graph is compiled for each shape and kept. */
export interface Caller {
  forward(call: Call): Promise<Float32Array>;
  /** The gradient of each differentiable argument, given that of the output. */
  gradient(call: Call, upstream: Float32Array): Promise<Record<string, Float32Array>>;
}

/** Compiled graphs that are kept; the one used longest ago goes first. */
const keptPrograms = 16;

export function createCaller(compile: (goal: Goal) => Promise<Program>): Caller {
  const programs = new Map<string, Promise<Program>>();
  // Programs share their buffers between calls, so one call must have read its result before the next begins.
  const inTurn = createTurns();
  const programOf = async (key: string, goal: () => Goal): Promise<Program> => {
    const program = programs.get(key) ?? compile(goal());
    programs.delete(key);
    programs.set(key, program);
    program.catch(() => programs.delete(key));
    if (programs.size > keptPrograms) {
      const [oldest, retired] = programs.entries().next().value!;
      programs.delete(oldest);
      (await retired).dispose();
    }
    return program;
  };
  return {
    forward: (call) =>
      inTurn(async () => {
        checkArguments(call);
        const program = await programOf(keyOf(call, "forward"), () => ({ outputs: { result: build(call).output } }));
        await program.run(arraysOf(call));
        return (await program.read("result")) as Float32Array;
      }),
    gradient: (call, upstream) =>
      inTurn(async () => {
        checkArguments(call);
        const program = await programOf(keyOf(call, "gradient"), () => ({ outputs: differentiate(call) }));
        const upstreamInput = program.plan.inputs.find((value) => value.name === "upstream")!;
        checkArray(call.name, "upstream", { data: upstream, shape: upstreamInput.shape });
        await program.run({ ...arraysOf(call), upstream });
        const names = differentiable(call);
        const results = await program.readAll(names);
        return Object.fromEntries(names.map((name, i) => [name, results[i] as Float32Array]));
      }),
  };
}

function keyOf(call: Call, kind: string): string {
  const shapes = Object.values(call.arguments).map((argument) => argument.shape);
  return JSON.stringify([call.name, kind, shapes, call.options]);
}

function build(call: Call) {
  const graph = new Graph();
  const values: Record<string, Value> = {};
  for (const [name, { data, shape }] of Object.entries(call.arguments)) {
    values[name] = graph.input(name, data instanceof Uint32Array ? "u32" : "f32", shape);
  }
  return { graph, values, output: call.apply(values) };
}

function differentiate(call: Call): Record<string, Value> {
  const { graph, values, output } = build(call);
  const names = differentiable(call);
  const upstream = graph.input("upstream", "f32", output.shape);
  const gradients = backpropagate(
    new Map([[output, upstream]]),
    names.map((name) => values[name]!),
  );
  return Object.fromEntries(names.map((name) => [name, gradients.get(values[name]!) as Value]));
}

function differentiable(call: Call): string[] {
  return Object.keys(call.arguments).filter((name) => call.arguments[name]!.differentiate);
}

function arraysOf(call: Call): InputArrays {
  return Object.fromEntries(Object.entries(call.arguments).map(([name, { data }]) => [name, data]));
}

function checkArguments(call: Call): void {
  for (const [name, argument] of Object.entries(call.arguments)) checkArray(call.name, name, argument);
}

function checkArray(op: string, name: string, { data, shape }: Argument): void {
  if (data.length !== elementCount(shape)) {
    fail(`${op}: expected ${name} of ${elementCount(shape)} elements, shape ${formatShape(shape)}; got ${data.length}`);
  }
  if (data instanceof Uint32Array) return;
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) fail(`${op}: expected finite numbers in ${name}, got ${data[bad]} at element ${bad}`);
}
