import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { acquireDevice } from "../../src/device/adapter.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import type { Arrays } from "../../src/models/arrays.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { datasetOf, loadCheckpoint, loadModel, type ModelSource, saveModel } from "../../src/training/model-folder.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";
import { trainingDefaults } from "../../src/training/options.ts";
import type { Checkpoint, TrainingResult } from "../../src/training/progress.ts";
import { train } from "../../src/training/trainer.ts";

const source: ModelSource = {
  spec: modelSpec("mind", { dimension: 8, length: 12, hiddenLayers: [12], interests: 3, recentBehaviours: 0 }),
  training: { ...trainingDefaults, epochs: 3, batch: 16, negatives: 40, scoring: "best", rate: 0.02 },
  data: dataDefaults,
  log: plantedLog({ users: 70, items: 120, topics: 12, length: [8, 14], seed: 2 }),
  adapter: "test",
};
const { spec, training } = source;
const dataset = datasetOf(source);

describe("training", () => {
  let engine: Engine;
  let folder: string;
  let whole: TrainingResult;
  let last: Checkpoint;
  beforeAll(async () => {
    engine = await createEngine();
    folder = await mkdtemp(join(tmpdir(), "polymind-trainer-"));
    const onCheckpoint = async (checkpoint: Checkpoint) => {
      last = checkpoint;
    };
    whole = await train(engine, spec, dataset, training, { onCheckpoint });
  });
  afterAll(async () => {
    engine.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  test("the loss falls on a log with planted interests", () => {
    const losses = whole.progress.history.map(({ loss }) => loss);
    expect(losses[0]).toBeLessThan(Math.log(training.negatives + 1) + 0.5);
    expect(losses[2]).toBeLessThan(losses[0]! - 0.2);
  });

  test("interrupted in mid-epoch, saved, loaded and resumed, it ends with the bits of an uninterrupted one", async () => {
    const controller = new AbortController();
    const interrupted = await train(engine, spec, dataset, training, {
      signal: controller.signal,
      onStep({ epoch, step }) {
        if (epoch === 1 && step === 20) controller.abort();
      },
      onCheckpoint: (checkpoint) => saveModel(folder, source, checkpoint),
    });
    expect(interrupted).toMatchObject({ interrupted: true, progress: { epoch: 1, step: 20, finished: false } });

    const model = await loadModel(folder);
    const resumed = await train(
      engine,
      model.spec,
      datasetOf(model),
      model.training,
      {
        onCheckpoint: (checkpoint) => saveModel(folder, source, checkpoint),
      },
      await loadCheckpoint(folder, model),
    );
    expect(resumed).toMatchObject({
      interrupted: false,
      progress: { epoch: 3, bestEpoch: whole.progress.bestEpoch, finished: true },
    });
    expectSameBits(resumed.best, whole.best);
    const saved = await loadModel(folder);
    expectSameBits(saved.parameters, whole.best);
    expectSameBits((await loadCheckpoint(folder, saved)).state, last.state);
    expect(saved.results.history.map(({ validation }) => validation)).toEqual(
      whole.progress.history.map(({ validation }) => validation),
    );
  });

  test("a device that is lost in mid-training ends it with an error, and the last checkpoint stands", async () => {
    const acquired = await acquireDevice();
    const own = await createEngine({ device: acquired.device });
    const path = join(folder, "lost");
    const training = train(own, spec, dataset, source.training, {
      onStep({ epoch, step }) {
        if (epoch === 1 && step === 20) acquired.device.destroy();
      },
      onCheckpoint: (checkpoint) => saveModel(path, source, checkpoint),
    });
    await expect(training).rejects.toThrow(/^the GPU device was lost \(destroyed\)/);
    const { progress } = await loadCheckpoint(path, await loadModel(path));
    expect(progress).toMatchObject({ epoch: 1, step: 0, finished: false });
  });

  test("the same seed trains the same bits again, another seed others", async () => {
    const once = { ...training, epochs: 1 };
    const [first, second, other] = [
      await train(engine, spec, dataset, once),
      await train(engine, spec, dataset, once),
      await train(engine, spec, dataset, { ...once, seed: 2 }),
    ];
    expectSameBits(second.best, first.best);
    expect(other.best.get("items.embedding")!.data).not.toEqual(first.best.get("items.embedding")!.data);
  });
});

const bitsOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);

function expectSameBits(got: Arrays, want: Arrays): void {
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
  for (const [name, { data }] of want) expect(bitsOf(got.get(name)!.data).equals(bitsOf(data)), name).toBe(true);
}
