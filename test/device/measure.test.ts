import { afterAll, expect, test, vi } from "vitest";
import { acquireDevice } from "../../src/device/adapter.ts";
import { createEngine } from "../../src/engine.ts";
import { Graph } from "../../src/graph/graph.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { squash } from "../../src/ops/squash.ts";

const acquired = await acquireDevice();
const { device } = acquired;
const engine = await createEngine({ device });
afterAll(() => acquired.release());

const hasClock = device.features.has("timestamp-query");

/** Two dependent kernels, of which the second takes far less time. */
async function compileExample() {
  const graph = new Graph();
  const x = graph.input("x", "f32", [64, 512]);
  const program = await engine.compile({ outputs: { y: squash(matmul(x, graph.input("w", "f32", [512, 16]))) } });
  const fill = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i));
  return { program, inputs: { x: fill(64 * 512), w: fill(512 * 16) } };
}

test("a measured run computes what any run computes", async () => {
  const { program, inputs } = await compileExample();
  await program.run(inputs);
  const wanted = await program.read("y");
  for (const clocked of ["run", "launches"] as const) {
    await program.run({ ...inputs, x: new Float32Array(inputs.x.length) });
    await program.measure(inputs, clocked);
    expect(await program.read("y")).toEqual(wanted);
  }
});

test("every launch is clocked, and all fit into the time of the run", async () => {
  const { program, inputs } = await compileExample();
  await program.run(inputs);
  const start = performance.now();
  const { device: total, launches, upload, hostOps, encoding } = await program.measure(inputs, "launches");
  const wall = performance.now() - start;
  for (const part of [upload, hostOps, encoding]) expect(part).toBeGreaterThanOrEqual(0);
  expect(upload + hostOps + encoding).toBeLessThanOrEqual(wall);
  if (!hasClock) return expect([total, launches]).toEqual([undefined, []]);
  expect(launches.map(({ dispatch }) => dispatch.shader.name)).toHaveLength(program.dispatches);
  for (const { milliseconds } of launches) expect(milliseconds).toBeGreaterThan(0);
  expect(launches.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBeLessThanOrEqual(total!);
  expect(total).toBeLessThanOrEqual(wall);
});

test("repeated runs are told as the time of one", async () => {
  const { program, inputs } = await compileExample();
  await program.run(inputs);
  const repeats = 8;
  const start = performance.now();
  const { device: total, launches, wall } = await program.measure(inputs, "launches", repeats);
  const took = performance.now() - start;
  expect(wall * repeats).toBeLessThanOrEqual(took);
  if (!hasClock) return;
  expect(launches).toHaveLength(program.dispatches);
  expect(total! * repeats).toBeLessThanOrEqual(took);
  expect(launches.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBeLessThanOrEqual(total!);
});

test("clocking a run as a whole leaves it one pass and one submission", async () => {
  const { program, inputs } = await compileExample();
  await program.measure(inputs, "run");
  const submit = vi.spyOn(device.queue, "submit");
  const createBuffer = vi.spyOn(device, "createBuffer");
  const { device: total, launches } = await program.measure(inputs, "run");
  expect(submit).toHaveBeenCalledTimes(1);
  expect(createBuffer).not.toHaveBeenCalled();
  expect(launches).toEqual([]);
  if (hasClock) expect(total).toBeGreaterThan(0);
  submit.mockRestore();
  createBuffer.mockRestore();
});

test("the references, which have no device, measure the host alone", async () => {
  const graph = new Graph();
  const references = await createEngine({ adapter: "cpu" });
  const program = await references.compile({ outputs: { y: squash(graph.input("z", "f32", [4, 8])) } });
  const { device: total, launches, hostOps } = await program.measure({ z: new Float32Array(32).fill(1) }, "launches");
  expect([total, launches]).toEqual([undefined, []]);
  expect(hostOps).toBeGreaterThan(0);
});
