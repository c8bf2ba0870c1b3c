import { afterAll, expect, test } from "vitest";
import { acquireDevice } from "../../src/device/adapter.ts";
import { createEngine } from "../../src/engine.ts";
import { Graph } from "../../src/graph/graph.ts";
import { gather } from "../../src/ops/gather.ts";
import { matmul } from "../../src/ops/matmul.ts";

const { device, release } = await acquireDevice();
const engine = await createEngine({ device });
afterAll(() => release());

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);

/** Every row different, with a negative zero in it. */
function distinctRows(rows: number, width: number): Float32Array {
  const data = new Float32Array(rows * width);
  for (let i = 0; i < data.length; i++) data[i] = i % 5 === 0 ? -0 : i;
  return data;
}

// Pieces are of 32 MiB.
for (const [name, rows, width] of [
  ["padded rows, three pieces", 5_000_000, 3],
  ["rows without padding, two pieces", 150_001, 64],
  ["one small piece", 7, 5],
] as const) {
  test(`parameters are written and read back bit by bit: ${name}`, async () => {
    const parameters = engine.createParameters();
    const data = distinctRows(rows, width);
    parameters.define("table", [rows, width], data);
    const got = await parameters.read("table");
    expect(bytesOf(got).equals(bytesOf(data))).toBe(true);
    parameters.write("table", got.fill(1.5));
    expect((await parameters.read("table")).every((value) => value === 1.5)).toBe(true);
  });
}

for (const [name, rows, width] of [
  ["padded rows, three pieces", 9_000_000, 3],
  ["rows without padding, two pieces", 300_001, 64],
  ["one row of one number", 1, 1],
] as const) {
  test(`tables of halves are written rounded and read back bit by bit: ${name}`, async () => {
    const parameters = engine.createParameters();
    const data = distinctRows(rows, width).map((value) => Math.sign(value) * (value % 2048));
    data[data.length - 1] = 1 + 2 ** -12;
    parameters.define("table", [rows, width], data, "f16");
    const got = await parameters.read("table");
    data[data.length - 1] = 1;
    expect(bytesOf(got).equals(bytesOf(data))).toBe(true);
    parameters.write("table", got.fill(0.1));
    expect((await parameters.read("table")).every((value) => value === 0.0999755859375)).toBe(true);
    expect(parameters.precisionOf("table")).toBe("f16");
  });
}

test("an array of negative zeros is not taken for an empty one", async () => {
  const parameters = engine.createParameters();
  parameters.define("zeros", [2, 2], new Float32Array(4).fill(-0));
  expect([...(await parameters.read("zeros"))]).toEqual([-0, -0, -0, -0]);
});

test("a parameter of the wrong size is refused, even if all zero", () => {
  expect(() => engine.createParameters().define("w", [2, 3], new Float32Array(5))).toThrow(
    "w: expected 6 elements for shape [2, 3], got 5",
  );
});

const { maxStorageBufferBindingSize: binding, maxBufferSize } = device.limits;
const rows = binding / 256 + 70;

test.skipIf(rows * 256 > maxBufferSize)(
  "rows of a table larger than a binding are looked up in all of it",
  async () => {
    const graph = new Graph();
    const table = graph.parameter("table", [rows, 64], ([count]) => {
      const data = new Float32Array(count! * 64);
      for (let row = 0; row < count!; row++) data[row * 64 + 63] = row;
      return data;
    });
    const chosen = Uint32Array.of(1, binding / 256 - 1, binding / 256, rows - 1, 0);
    const looked = gather(table, graph.input("ids", "u32", [5]));
    const program = await engine.compile({ outputs: { looked } });
    await program.run({ ids: chosen });
    const got = await program.read("looked");
    expect([...chosen.keys()].map((i) => got[i * 64 + 63])).toEqual([...chosen]);
    program.dispose();
  },
);

test("an op that needs a larger table at once is refused in one line", async () => {
  const graph = new Graph();
  const table = graph.parameter("table", [64, rows], () => new Float32Array(64 * rows));
  const y = matmul(graph.input("x", "f32", [1, 64]), table);
  await expect(engine.compile({ outputs: { y } })).rejects.toThrow(
    /^table \[64, \d+\]: expected at most \d+ bytes in one binding of this adapter, got \d+; use a smaller table or dimension, since kernel matmul\w* needs all of them at once$/,
  );
});
