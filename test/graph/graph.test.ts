import { expect, test } from "vitest";
import { gradients } from "../../src/autograd.ts";
import { createEngine } from "../../src/engine.ts";
import { Graph } from "../../src/graph/graph.ts";
import { interpret } from "../../src/graph/interpreter.ts";
import { plan } from "../../src/graph/plan.ts";
import { add } from "../../src/ops/add.ts";
import { gather } from "../../src/ops/gather.ts";
import { matmul } from "../../src/ops/matmul.ts";

test("a name that is taken is refused", () => {
  const graph = new Graph();
  graph.input("x", "f32", [1, 1]);
  expect(() => graph.input("x", "f32", [1, 1])).toThrow("the name x is taken");
});

test("values of another graph are refused", () => {
  const x = new Graph().input("x", "f32", [1, 1]);
  const y = new Graph().input("y", "f32", [1, 1]);
  expect(() => add(x, y)).toThrow("add: input y belongs to another graph");
});

test("sizes below one are refused", () => {
  expect(() => new Graph().input("x", "f32", [0, 4])).toThrow("x: expected sizes of at least 1, got [0, 4]");
});

test("gradients of a value that is used twice add up", () => {
  const graph = new Graph();
  const x = graph.parameter("x", [1, 1], () => Float32Array.of(3));
  const loss = add(matmul(x, x), x);
  const dx = gradients(loss, [x]).get(x)!;
  if ("parts" in dx) throw new Error("expected a dense gradient");
  const tensors = interpret(plan({ outputs: { dx } }), {}, new Map([["x", Float64Array.of(3)]]));
  expect(tensors.get(dx)!.data[0]).toBe(7);
});

test("only a scalar can be differentiated", () => {
  const x = new Graph().input("x", "f32", [2, 4]);
  expect(() => gradients(x, [x])).toThrow("gradients: expected a loss of one element, got shape [2, 4]");
});

for (const adapter of ["auto", "cpu"] as const) {
  test(`${adapter}: a missing, short or mistyped input is refused with what was expected`, async () => {
    const engine = await createEngine({ adapter });
    const graph = new Graph();
    const x = graph.input("x", "f32", [2, 4]);
    const program = await engine.compile({ outputs: { y: add(x, x) } });
    await expect(program.run({})).rejects.toThrow(
      "run: expected input x, a Float32Array of 8 elements, shape [2, 4]; got nothing",
    );
    await expect(program.run({ x: new Float32Array(3) })).rejects.toThrow("got a Float32Array of 3 elements");
    await expect(program.run({ x: new Uint32Array(8) })).rejects.toThrow("got a Uint32Array of 8 elements");
    engine.dispose();
  });

  test(`${adapter}: parameters are shared by name between programs and keep what was defined`, async () => {
    const engine = await createEngine({ adapter });
    const parameters = engine.createParameters();
    parameters.define("w", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
    for (let use = 0; use < 2; use++) {
      const graph = new Graph();
      const w = graph.parameter("w", [2, 3], () => new Float32Array(6));
      const program = await engine.compile({ outputs: { y: add(w, w) }, parameters });
      await program.run({});
      expect([...(await program.read("y"))]).toEqual([2, 4, 6, 8, 10, 12]);
    }
    const graph = new Graph();
    const w = graph.parameter("w", [3, 3], () => new Float32Array(9));
    await expect(engine.compile({ outputs: { y: add(w, w) }, parameters })).rejects.toThrow(
      "parameter w: expected shape [2, 3], got [3, 3]",
    );
    engine.dispose();
  });
}

test("a table of halves is read through gather alone, and only tables are stored so", () => {
  const graph = new Graph();
  const table = graph.parameter("table", [3, 4], () => new Float32Array(12), { precision: "f16" });
  expect(() => add(table, table)).toThrow(
    "add: expected numbers in float32, got the f16 table table [3, 4]; gather its rows first",
  );
  expect(gather(table, graph.input("ids", "u32", [2])).type).toBe("f32");
  const vector = () => graph.parameter("vector", [3], () => new Float32Array(3), { precision: "f16" });
  expect(vector).toThrow("parameter vector: expected a table [rows, d] for precision f16, got [3]; leave it f32");
  const input = () => graph.input("x", "f16" as "f32", [3, 4]);
  expect(input).toThrow("input x: expected type f32 or u32, got f16");
});

test("a shader that does not compile is named with line, column and the line itself", async () => {
  const engine = await createEngine();
  const graph = new Graph();
  const x = graph.input("x", "f32", [1, 4]);
  const broken = {
    name: "broken",
    outputs: () => [{ shape: [1, 4] }],
    reference: () => [new Float64Array(4)],
    kernels: () => [
      {
        shader: { name: "broken", code: "fn main() {\n  let a = 1u + 2.5;\n}" },
        params: {},
        bindings: [],
        workgroups: [1, 1, 1] as const,
      },
    ],
  };
  const [y] = graph.apply(broken, [x], undefined);
  await expect(engine.compile({ outputs: { y: y! } })).rejects.toThrow(
    /kernel broken\.wgsl:2:\d+: .*: let a = 1u \+ 2\.5;/,
  );
  engine.dispose();
});

test("a batch larger than a binding allows is refused with both sizes", async () => {
  const engine = await createEngine();
  const graph = new Graph();
  const x = graph.input("x", "f32", [2 ** 20, 4096]);
  await expect(engine.compile({ outputs: { y: add(x, x) } })).rejects.toThrow(
    /^x \[1048576, 4096\]: expected at most \d+ bytes in one binding of this adapter, got 17179869184; use a smaller batch/,
  );
  engine.dispose();
});
