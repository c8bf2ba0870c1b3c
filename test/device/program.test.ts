import { expect, test } from "vitest";
import { acquireDevice } from "../../src/device/adapter.ts";
import { createEngine } from "../../src/engine.ts";
import { Graph } from "../../src/graph/graph.ts";
import { add } from "../../src/ops/add.ts";

test("runs and readings that are not awaited keep their order and their own inputs", async () => {
  const engine = await createEngine();
  const graph = new Graph();
  const x = graph.input("x", "f32", [1, 4]);
  const program = await engine.compile({ outputs: { y: add(x, x) } });
  const results = [1, 2, 3, 4, 5].map((value) => {
    void program.run({ x: new Float32Array(4).fill(value) });
    return program.read("y");
  });
  expect((await Promise.all(results)).map(([first]) => first)).toEqual([2, 4, 6, 8, 10]);
  engine.dispose();
});

test("several outputs are read with one wait, in the order that was asked for, whatever their shapes and types", async () => {
  const { device, release } = await acquireDevice();
  const engine = await createEngine({ device });
  const graph = new Graph();
  const x = graph.input("x", "f32", [3, 5]);
  const ids = graph.input("ids", "u32", [7]);
  const large = graph.parameter("large", [2_000_000, 8], ([rows]) =>
    Float32Array.from({ length: rows! * 8 }, (_, i) => i),
  );
  const outputs = { doubled: add(x, x), ids, large, same: x };
  const program = await engine.compile({ outputs });
  let mapped = 0;
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    const map = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = (...range) => {
      mapped++;
      return map(...range);
    };
    return buffer;
  };
  const inputs = {
    x: Float32Array.from({ length: 15 }, (_, i) => i),
    ids: Uint32Array.from({ length: 7 }, (_, i) => i),
  };
  await program.run(inputs);
  const [read, doubled, again] = await program.readAll(["ids", "doubled", "ids"]);
  expect(mapped).toBe(1);
  expect(read).toEqual(inputs.ids);
  expect(doubled).toEqual(inputs.x.map((value) => 2 * value));
  expect(again).toEqual(inputs.ids);
  // 64 MB come in two pieces; the first fills the staging buffer by itself.
  const [same, table, last] = await program.readAll(["same", "large", "ids"]);
  expect(mapped).toBe(4);
  expect(same).toEqual(inputs.x);
  expect(table!.every((value, i) => value === i)).toBe(true);
  expect(last).toEqual(inputs.ids);
  await expect(program.readAll(["x"])).rejects.toThrow("read: expected one of doubled, ids, large, same; got x");
  engine.dispose();
  release();
});

test("a compilation that fails closes the error scopes it opened", async () => {
  const { device, release } = await acquireDevice();
  let open = 0;
  const push = device.pushErrorScope.bind(device);
  const pop = device.popErrorScope.bind(device);
  device.pushErrorScope = (filter) => {
    open++;
    return push(filter);
  };
  device.popErrorScope = () => {
    open--;
    return pop();
  };
  const engine = await createEngine({ device });
  const huge = new Graph().input("x", "f32", [2 ** 20, 4096]);
  await expect(engine.compile({ outputs: { y: add(huge, huge) } })).rejects.toThrow("bytes in one binding");
  expect(open).toBe(0);
  release();
});
