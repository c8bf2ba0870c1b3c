import { backpropagate } from "../src/autograd.ts";
import type { Engine } from "../src/engine.ts";
import { fail } from "../src/errors.ts";
import { Graph, type Node, type Value } from "../src/graph/graph.ts";
import { interpret } from "../src/graph/interpreter.ts";
import { type Goal, plan } from "../src/graph/plan.ts";
import { elementCount } from "../src/graph/shape.ts";
import { add } from "../src/ops/add.ts";
import { requireClose } from "./compare.ts";
import { type Patience, time, timeLaunches } from "./harness.ts";
import { isolate } from "./isolate.ts";
import type { KernelBenchmark, Sizes } from "./kernel-benchmark.ts";
import type { AdapterLimits } from "./limits.ts";
import { uniform } from "./numbers.ts";
import { type Row, withFloor } from "./report.ts";

export type Direction = "forward" | "backward";

/** More flops than this would keep the reference busy for seconds. */
const mostReferenceFlops = 2e8;
const sentinel = 12345.678;
const beacon = "benchmark.beacon";

export interface KernelToMeasure {
  readonly one: KernelBenchmark;
  /** The same kernel at a size that the reference answers at once. */
  readonly small: KernelBenchmark;
  readonly direction: Direction;
  /** What `one` was derived from. */
  readonly sizes: Sizes;
}

/** Checks one direction of a kernel against its reference, at `small` where the real shape takes the reference too long; then times it. */
export async function measureKernel(
  engine: Engine,
  { one, small, direction, sizes }: KernelToMeasure,
  limits: AdapterLimits,
  patience: Patience,
): Promise<Row> {
  const { flops, bytes } = one[direction]!;
  const name = `${one.name} ${direction}`;
  const goal = await goalOf(engine, one, direction);
  if (flops <= mostReferenceFlops) await check(engine, name, goal, one.tolerance);
  else await check(engine, `${name} at ${small.shape}`, await goalOf(engine, small, direction), small.tolerance);
  const { graph } = Object.values(goal.outputs)[0] ?? goal.updates![0]!.inputs[0]!;
  const outputs = { ...goal.outputs, [beacon]: graph.parameter(beacon, [1, 4], () => new Float32Array(4)) };
  const program = await engine.compile({ outputs, updates: goal.updates });
  // A parameter that no kernel touches: reading it waits for the device and moves 16 bytes.
  const call = () => program.run({}).then(() => program.read(beacon));
  const { median_ms: call_ms } = await time(name, call, { ...patience, seconds: patience.seconds / 2 });
  const launches = await timeLaunches(program, patience);
  program.dispose();
  return withFloor(limits, {
    name,
    engine: "polymind",
    shape: one.shape,
    sizes,
    ...launches,
    call_ms,
    dispatches: program.dispatches,
    flops,
    bytes: bytes ?? bytesOf(goal),
  });
}

/** What a launch and a call cost before anything is computed. */
export async function measureLaunch(
  engine: Engine,
  patience: Patience,
): Promise<Pick<AdapterLimits, "launch_ms" | "empty_call_ms">> {
  const graph = new Graph();
  const four = graph.parameter(beacon, [1, 4], () => new Float32Array(4));
  const tiny = await engine.compile({ outputs: { sum: add(four, four) } });
  const { median_ms: launch_ms } = await timeLaunches(tiny, patience);
  tiny.dispose();
  const nothing = await engine.compile({ outputs: { [beacon]: four } });
  const { median_ms: empty_call_ms } = await time(
    "empty",
    () => nothing.run({}).then(() => nothing.read(beacon)),
    patience,
  );
  nothing.dispose();
  return { launch_ms, empty_call_ms };
}

/** The kernels of one direction alone, everything else given as constants. */
async function goalOf(engine: Engine, one: KernelBenchmark, direction: Direction): Promise<Goal> {
  const graph = new Graph();
  const values: Record<string, Value> = {};
  for (const [name, { shape, data, role }] of Object.entries(one.feeds())) {
    values[name] =
      role === "parameter"
        ? graph.parameter(name, shape, () => data as Float32Array)
        : graph.constant(name, shape, data);
  }
  const applied = one.apply(values);
  if ("op" in applied) return isolate(engine, { outputs: {}, updates: [applied as Node] }, () => false);
  const outputs = Array.isArray(applied) ? (applied as readonly Value[]) : [applied as Value];
  if (direction === "forward") return isolate(engine, { outputs: numbered("output", outputs) }, () => false);
  const forward = new Set(graph.nodes);
  const upstream = outputs.map((output, i) => {
    const data = uniform(elementCount(output.shape), 4 + i);
    return [output, graph.constant(`upstream${i}`, output.shape, data)] as const;
  });
  const of = one.backward!.of.map((name) => values[name]!);
  const flowing = backpropagate(new Map(upstream), of);
  const gradients = of.map((value) => {
    const gradient = flowing.get(value);
    if (gradient === undefined || "parts" in gradient) fail(`${one.name}: no dense gradient for ${value.name}`);
    return gradient;
  });
  return isolate(engine, { outputs: numbered("gradient", gradients) }, (node) => forward.has(node));
}

const numbered = (label: string, values: readonly Value[]) =>
  Object.fromEntries(values.map((value, i) => [`${label} ${i}`, value]));

async function check(engine: Engine, name: string, goal: Goal, tolerance = 1e-4): Promise<void> {
  const parameters = engine.createParameters();
  const program = await engine.compile({ ...goal, parameters, poison: sentinel });
  const kept = new Map(
    program.plan.parameters.map((value) => [value.name, Float64Array.from(value.initial!() as Float32Array)]),
  );
  // The references read more than kernels that look rows up themselves.
  const wanted = interpret(plan(goal), {}, kept);
  await program.run({});
  for (const [label, value] of Object.entries(goal.outputs)) {
    requireClose(`${name}, ${label}`, await program.read(label), wanted.get(value)!.data, tolerance);
  }
  for (const [label, want] of kept) requireClose(`${name}, ${label}`, await parameters.read(label), want, tolerance);
  program.dispose();
}

/** All that is given and all outputs, once each; what an update changes is read and written. */
function bytesOf(goal: Goal): number {
  const { constants, parameters } = plan(goal);
  const moved = [...constants, ...parameters, ...parameters, ...Object.values(goal.outputs)];
  return moved.reduce((total, value) => total + 4 * elementCount(value.shape), 0);
}
