import { afterAll, expect, test, vi } from "vitest";
import { createBatches } from "../../src/data/batches.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { acquireDevice } from "../../src/device/adapter.ts";
import { createEngine } from "../../src/engine.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { buildObjective } from "../../src/training/objective.ts";
import { trainingDefaults } from "../../src/training/options.ts";

const acquired = await acquireDevice();
afterAll(() => acquired.release());

test("after the first steps a step is one submit, with no new buffer, bind group or pipeline, and memory stays flat", async () => {
  const { device } = acquired;
  const engine = await createEngine({ device });
  const dataset = createDataset(leaveOneOut(plantedLog({ users: 200, items: 300, topics: 30, seed: 1 })));
  const options = { ...trainingDefaults, batch: 64, negatives: 100 };
  const spec = modelSpec("mind", { dimension: 16, length: 20, hiddenLayers: [32] });
  const { loss, updates, sampler } = buildObjective(spec, dataset, options);
  const program = await engine.compile({ outputs: { loss }, updates });
  const batches = createBatches(dataset.split.train, { batch: options.batch, length: spec.options.length, seed: 1 });
  const batch = batches.allocate();
  const negatives = new Uint32Array(options.negatives);
  const step = async (index: number) => {
    const { history, lengths, targets, weights } = batches.fill(0, index % batches.stepsPerEpoch, batch);
    sampler!.draw(index, negatives);
    await program.run({ history, lengths, targets, weights, negatives, step: Uint32Array.of(index + 1) });
  };
  for (let index = 0; index < 20; index++) await step(index);
  await program.read("loss");

  const made = ["createBuffer", "createBindGroup", "createComputePipeline", "createComputePipelineAsync"] as const;
  const makers = made.map((name) => vi.spyOn(device, name));
  const submit = vi.spyOn(device.queue, "submit");
  const before = process.memoryUsage().rss;
  for (let index = 20; index < 120; index++) await step(index);
  expect(submit).toHaveBeenCalledTimes(100);
  await program.read("loss");
  for (const [index, maker] of makers.entries()) expect(maker, made[index]).not.toHaveBeenCalled();
  // One leaked batch a step would be 100 x 64 KiB of histories alone, and far more of intermediate values.
  expect(process.memoryUsage().rss - before).toBeLessThan(48 * 2 ** 20);
  program.dispose();
});
