import { afterAll, beforeAll, expect, test } from "vitest";
import { gradients } from "../../src/autograd.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { Graph, trainableParameters } from "../../src/graph/graph.ts";
import { gather } from "../../src/ops/gather.ts";
import { adam } from "../../src/training/optimizers.ts";
import { normals } from "../support/op.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.dispose());

/** A table of numbers of which one is drawn as the loss. */
function model(tables: "lazy" | "dense") {
  const graph = new Graph();
  const table = graph.parameter("table", [4, 1], () => Float32Array.of(5, 5, 5, 5));
  const loss = gather(table, graph.input("ids", "u32", [1]));
  const found = gradients(loss, trainableParameters(graph));
  const updates = adam(found, { step: graph.input("step", "u32", [1]), rate: 0.1, tables });
  return { graph, loss, updates };
}

async function run(tables: "lazy" | "dense", ids: readonly number[]) {
  const { loss, updates } = model(tables);
  const parameters = engine.createParameters();
  const program = await engine.compile({ outputs: { loss }, updates, parameters });
  for (const [i, id] of ids.entries()) await program.run({ ids: Uint32Array.of(id), step: Uint32Array.of(i + 1) });
  program.dispose();
  return parameters.read("table");
}

test("moments are parameters named after theirs, and are not trained", () => {
  const { graph } = model("lazy");
  const parameters = graph.values.filter((value) => value.role === "parameter");
  expect(parameters.map(({ name }) => name)).toEqual(["table", "table.firstMoment", "table.secondMoment"]);
  expect(trainableParameters(graph).map(({ name }) => name)).toEqual(["table"]);
});

test("a table of halves has moments in float32, and does not move densely", () => {
  const typesWith = (tables: "lazy" | "dense") => {
    const graph = new Graph();
    const table = graph.parameter("table", [4, 1], () => new Float32Array(4), { precision: "f16" });
    const found = gradients(gather(table, graph.input("ids", "u32", [1])), [table]);
    adam(found, { step: graph.input("step", "u32", [1]), tables });
    return graph.values.filter(({ role }) => role === "parameter").map(({ type }) => type);
  };
  expect(typesWith("lazy")).toEqual(["f16", "f32", "f32"]);
  expect(() => typesWith("dense")).toThrow(
    'adam: expected tables "lazy" for table, which is stored in f16, got "dense"; leave it f32',
  );
});

test("the first step moves a parameter by the rate", async () => {
  for (const tables of ["lazy", "dense"] as const) {
    const [padding, first, second, third] = await run(tables, [2]);
    expect([padding, first, third]).toEqual([5, 5, 5]);
    expect(second).toBeCloseTo(4.9, 6);
  }
});

test("a lazy table rests where a dense one coasts on its momentum", async () => {
  const lazy = await run("lazy", [2, 1, 1]);
  const dense = await run("dense", [2, 1, 1]);
  expect(lazy[2]).toBeCloseTo(4.9, 6);
  expect(dense[2]).toBeLessThan(4.85);
});

test("lazy and dense agree as long as every row of the table is in every batch", async () => {
  const train = async (tables: "lazy" | "dense") => {
    const graph = new Graph();
    const table = graph.parameter("table", [4, 6], () => normals([4, 6]).data as Float32Array);
    const ids = graph.input("ids", "u32", [5]);
    const rows = graph.input("rows", "f32", [5, 6]);
    const updates = adam(new Map([[table, { parts: [{ ids, rows }] }]]), {
      step: graph.input("step", "u32", [1]),
      tables,
    });
    const parameters = engine.createParameters();
    const program = await engine.compile({ outputs: {}, updates, parameters });
    for (let t = 1; t <= 5; t++) {
      await program.run({ ids: Uint32Array.of(3, 1, 2, 3, 0), rows: normals([5, 6], t).data, step: Uint32Array.of(t) });
    }
    return parameters.read("table");
  };
  expect(await train("lazy")).toEqual(await train("dense"));
});
