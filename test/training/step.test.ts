import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { encodeFeatures } from "../../src/data/features.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { acquireDevice } from "../../src/device/adapter.ts";
import { createEngine } from "../../src/engine.ts";
import type { Program } from "../../src/graph/program.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { createFeeder } from "../../src/training/feeder.ts";
import { buildObjective } from "../../src/training/objective.ts";
import { trainingDefaults } from "../../src/training/options.ts";
import { createSteps } from "../../src/training/steps.ts";

const acquired = await acquireDevice();
afterAll(() => acquired.release());

let program: Program;
let step: () => Promise<void>;
beforeAll(async () => {
  const engine = await createEngine({ device: acquired.device });
  const log = plantedLog({ users: 200, items: 300, topics: 30, seed: 1 });
  const age = { name: "age", values: Array.from({ length: log.userCount }, (_, user) => [`${user % 7}`]) };
  const genre = { name: "genre", values: Array.from({ length: log.itemCount }, (_, item) => [`${item % 11}`]) };
  const features = {
    userFeatures: encodeFeatures([age], log.userCount),
    itemFeatures: encodeFeatures([genre], log.itemCount),
  };
  const dataset = createDataset(leaveOneOut(log), features);
  const options = { ...trainingDefaults, batch: 64, negatives: 100 };
  const spec = modelSpec("mind", { dimension: 16, length: 20, hiddenLayers: [32] });
  const { loss, updates, sampler } = buildObjective(spec, dataset, options);
  program = await engine.compile({ outputs: { loss }, updates });
  const steps = createSteps(program.plan, sampler, dataset, spec, options);
  const feeder = await createFeeder(steps, { spec, data: dataset, options, plan: program.plan, first: 0 }, "software");
  step = async () => {
    const { inputs, computed } = await feeder.next();
    await program.run(inputs, computed);
  };
  for (let index = 0; index < 100; index++) await step();
  await program.read("loss");
});
afterAll(() => program.dispose());
// A spy keeps what it saw.
afterEach(() => vi.restoreAllMocks());

test("after the first steps a step is one submit, with no new buffer, bind group or pipeline, and memory stays flat", async () => {
  const { device } = acquired;
  const made = ["createBuffer", "createBindGroup", "createComputePipeline", "createComputePipelineAsync"] as const;
  const makers = made.map((name) => vi.spyOn(device, name));
  const submit = vi.spyOn(device.queue, "submit");
  const before = process.memoryUsage().rss;
  for (let index = 0; index < 100; index++) await step();
  expect(submit).toHaveBeenCalledTimes(100);
  await program.read("loss");
  for (const [index, maker] of makers.entries()) expect(maker, made[index]).not.toHaveBeenCalled();
  // One leaked batch a step would be 100 x 64 KiB of histories alone, and far more of intermediate values.
  expect(process.memoryUsage().rss - before).toBeLessThan(48 * 2 ** 20);
});

test("the host makes no arrays for a step, and its heap does not grow", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const arrays = () => process.memoryUsage().arrayBuffers;
  collect();
  // The collector may run within a round, but not within each.
  let most = 0;
  for (let round = 0; round < 10; round++) {
    const start = arrays();
    for (let index = 0; index < 2; index++) await step();
    most = Math.max(most, arrays() - start);
  }
  // The smallest array of a step, a number for each of 64 users, has 256 bytes.
  expect(most).toBeLessThan(2 * 256);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    collect();
    const start = process.memoryUsage().heapUsed;
    for (let index = 0; index < 60; index++) await step();
    collect();
    least = Math.min(least, process.memoryUsage().heapUsed - start);
  }
  // A step makes 15 KiB of short-lived objects; what stays of one round or another is code and what is known of it.
  expect(least).toBeLessThan(60 * 256);
});
