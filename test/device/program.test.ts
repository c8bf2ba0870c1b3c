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
