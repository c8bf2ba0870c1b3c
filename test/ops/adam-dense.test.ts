import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, type Engine } from "../../src/engine.ts";
import { Graph } from "../../src/graph/graph.ts";
import { adamSchedule } from "../../src/ops/adam.ts";
import { adamDense, type DenseUpdate } from "../../src/ops/adam-dense.ts";
import { expectClose, normals } from "../support/op.ts";

const settings = { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };

let engine: Engine;
let host: Engine;
beforeAll(async () => {
  engine = await createEngine();
  host = await createEngine({ adapter: "cpu" });
});
afterAll(() => engine.dispose());

// Sizes that end within a workgroup, fill it, and exceed it.
const shapes = [
  [3, 5],
  [16, 16],
  [1, 1],
  [70, 9],
  [1, 256],
];

/** Three steps for the first `count` tensors, all in one node or each in its own; returns parameters and moments by name. */
async function train(on: Engine, count: number, { alone = false, family }: { alone?: boolean; family?: string } = {}) {
  const graph = new Graph();
  const schedule = adamSchedule(graph.input("step", "u32", [1]), settings);
  const tensors = shapes.slice(0, count).map((shape, i): DenseUpdate => {
    const make = (name: string, first: () => Float32Array) => graph.parameter(`${name}${i}`, shape, first);
    const zeros = () => new Float32Array(shape[0]! * shape[1]!);
    return {
      gradient: graph.input(`gradient${i}`, "f32", shape),
      parameter: make("parameter", () => normals(shape, 5 + i).data as Float32Array),
      firstMoment: make("first", zeros),
      secondMoment: make("second", zeros),
    };
  });
  const updates = (alone ? tensors.map((tensor) => [tensor]) : [tensors]).map((list) =>
    adamDense(list, schedule, settings),
  );
  const parameters = on.createParameters();
  const program = await on.compile({ outputs: {}, updates, parameters, chooseFamily: () => family });
  for (let t = 1; t <= 3; t++) {
    const gradients = tensors.map((_, i) => [`gradient${i}`, normals(shapes[i]!, 100 * t + i).data] as const);
    await program.run({ step: Uint32Array.of(t), ...Object.fromEntries(gradients) });
  }
  const kept: Record<string, Float32Array> = {};
  for (const name of parameters.names) kept[name] = await parameters.read(name);
  program.dispose();
  return { kept, program };
}

describe("adamDense of several tensors", () => {
  for (const count of [1, 2, 3, 4, 5]) {
    test(`${count} in one node move as the interpreter moves them`, async () => {
      const want = (await train(host, count)).kept;
      const { kept: got, program } = await train(engine, count);
      for (const [name, array] of Object.entries(want)) expectClose(name, got[name]!, array, 1e-5);
      for (const family of program.families[0]!.supported) {
        expect((await train(engine, count, { family })).kept, family).toEqual(got);
      }
    });

    test(`${count} in one node move, bit for bit, as each in a node of its own`, async () => {
      expect((await train(engine, count)).kept).toEqual((await train(engine, count, { alone: true })).kept);
    });
  }

  test("three go together where an adapter binds enough buffers", async () => {
    const { program } = await train(engine, 5);
    expect(program.dispatches).toBe(program.families[0]!.supported.includes("three") ? 2 : 5);
  });
});
