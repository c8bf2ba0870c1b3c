import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, type Engine } from "../../src/engine.ts";
import { dispatchesOf } from "../../src/graph/families.ts";
import { Graph } from "../../src/graph/graph.ts";
import { adamSchedule } from "../../src/ops/adam.ts";
import { adamDense, type DenseUpdate } from "../../src/ops/adam-dense.ts";
import { expectClose, normals } from "../support/op.ts";

const settings = { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };

const target = {
  software: true,
  subgroupSize: 0,
  workgroupStorageBytes: 16384,
  tableWindowBytes: 2 ** 27,
  isUsed: () => true,
};

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

/** Updates of the first `count` tensors, all in one node or each in its own. */
function build(count: number, alone: boolean) {
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
  const lists = alone ? tensors.map((tensor) => [tensor]) : [tensors];
  return lists.map((list) => adamDense(list, schedule, settings));
}

/** Runs three steps and returns parameters and moments by name. */
async function train(on: Engine, count: number, alone = false): Promise<Record<string, Float32Array>> {
  const parameters = on.createParameters();
  const program = await on.compile({ outputs: {}, updates: build(count, alone), parameters });
  for (let t = 1; t <= 3; t++) {
    const gradients = shapes.slice(0, count).map((shape, i) => [`gradient${i}`, normals(shape, 100 * t + i).data]);
    await program.run({ step: Uint32Array.of(t), ...Object.fromEntries(gradients) });
  }
  program.dispose();
  const kept: Record<string, Float32Array> = {};
  for (const name of parameters.names) kept[name] = await parameters.read(name);
  return kept;
}

describe("adamDense of several tensors", () => {
  for (const count of [1, 2, 3, 4, 5]) {
    test(`${count} in one node move as the interpreter moves them`, async () => {
      const [got, want] = [await train(engine, count), await train(host, count)];
      for (const [name, array] of Object.entries(want)) expectClose(name, got[name]!, array, 1e-5);
    });

    test(`${count} in one node move, bit for bit, as each in a node of its own`, async () => {
      expect(await train(engine, count)).toEqual(await train(engine, count, true));
    });
  }
});

test("three tensors go together where an adapter binds thirteen buffers, and no more than it binds", () => {
  const [node] = build(5, false);
  const launches = (storageBuffers: number) => dispatchesOf(node!, { ...target, storageBuffers });
  expect(launches(13).map(({ shader }) => shader.name)).toEqual(["adam_three", "adam_three"]);
  expect(launches(12).map(({ shader }) => shader.name)).toEqual(Array(5).fill("adam"));
  for (const limit of [8, 12, 13, 16]) {
    for (const { bindings } of launches(limit)) expect(bindings.length).toBeLessThanOrEqual(limit);
  }
});
