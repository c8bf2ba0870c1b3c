import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeFeatures } from "../../src/data/features.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import type { Arrays } from "../../src/models/arrays.ts";
import { mindDefaults } from "../../src/models/mind.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { fromHalf, toHalf } from "../../src/reference/half.ts";
import { decodeSafetensors } from "../../src/storage/safetensors.ts";
import { buildUserGraph } from "../../src/training/encoded-users.ts";
import { judge } from "../../src/training/judge.ts";
import { datasetOf, loadCheckpoint, loadModel, type ModelSource, saveModel } from "../../src/training/model-folder.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";
import { modelSpecSchema } from "../../src/training/model-spec-schema.ts";
import { type TrainingOptions, trainingDefaults } from "../../src/training/options.ts";
import { restore } from "../../src/training/parameter-arrays.ts";
import { train } from "../../src/training/trainer.ts";

const modelOptions = { dimension: 8, length: 12, hiddenLayers: [12], interests: 3 };
const log = plantedLog({ users: 400, items: 150, topics: 15, length: [8, 14], seed: 2 });
const source: ModelSource = {
  spec: modelSpec("mind", { ...modelOptions, embeddingPrecision: "f16" }),
  training: { ...trainingDefaults, epochs: 2, batch: 32, negatives: 60, rate: 0.01 },
  data: dataDefaults,
  log,
  adapter: "test",
};
const { spec, training } = source;
const inFloats = modelSpec("mind", modelOptions);
const topics = Array.from({ length: log.itemCount }, (_, i) => [`${log.topicOfItem[i + 1]}`]);
const itemFeatures = encodeFeatures([{ name: "topic", values: topics }], log.itemCount);

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine();
  folder = await mkdtemp(join(tmpdir(), "polymind-half-"));
});
afterAll(async () => {
  engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

const isHalf = (value: number) => fromHalf(toHalf(value)) === value;
const tableOf = (arrays: Arrays) => arrays.get("items.embedding")!;

describe("a model whose item embeddings are stored in halves", () => {
  const kinds: { name: string; options: TrainingOptions; features: Partial<ModelSource> }[] = [
    { name: "sampled loss", options: training, features: {} },
    { name: "full loss", options: { ...training, loss: "full" }, features: {} },
    { name: "items with features", options: training, features: { itemFeatures } },
  ];
  test.each(kinds)("$name: learns as one in float32 does", async ({ options, features }) => {
    const dataset = datasetOf({ ...source, ...features });
    const outcome = async (one: typeof spec) => {
      const { best } = await train(engine, one, dataset, options);
      const parameters = engine.createParameters();
      restore(parameters, best);
      const { metrics } = await judge(engine, parameters, one, dataset, dataset.split.test, { at: [50] });
      return { best, hitRate: metrics[0]!.hitRate };
    };
    const [half, float] = [await outcome(spec), await outcome(inFloats)];
    expect(tableOf(half.best)).toMatchObject({ precision: "f16" });
    expect(tableOf(half.best).data.every(isHalf)).toBe(true);
    expect(tableOf(float.best).data.every(isHalf)).toBe(false);
    // Chance finds a third of the targets; a standard error of one rate is .025, of the difference .035.
    for (const { hitRate } of [half, float]) expect(hitRate).toBeGreaterThan(1 / 3 + 5 * 0.025);
    expect(Math.abs(half.hitRate - float.hitRate)).toBeLessThan(2 * 0.035);
  });

  test("interrupted, saved, loaded and resumed, it ends with the bits of an uninterrupted one", async () => {
    const dataset = datasetOf(source);
    const whole = await train(engine, spec, dataset, training);
    const again = await train(engine, spec, dataset, training);
    const controller = new AbortController();
    await train(engine, spec, dataset, training, {
      signal: controller.signal,
      onStep({ epoch, step }) {
        if (epoch === 1 && step === 20) controller.abort();
      },
      onCheckpoint: (checkpoint) => saveModel(folder, source, checkpoint),
    });
    const model = await loadModel(folder);
    const from = await loadCheckpoint(folder, model);
    expect(from.progress).toMatchObject({ epoch: 1, step: 20 });
    const resumed = await train(engine, model.spec, datasetOf(model), model.training, {}, from);
    for (const { best } of [again, resumed]) expect(best).toEqual(whole.best);
  });

  test("its folder holds the table in half the bytes, says so, and is refused where the two differ", async () => {
    const read = async (name: string) => decodeSafetensors(await readFile(join(folder, name)), name).tensors;
    const [model, state] = [await read("model.safetensors"), await read("training.safetensors")];
    for (const tensors of [model, state]) expect(tensors.get("items.embedding")!.data).toBeInstanceOf(Uint16Array);
    expect(model.get("routing.transform")!.data).toBeInstanceOf(Float32Array);
    expect(state.get("items.embedding.firstMoment")!.data).toBeInstanceOf(Float32Array);
    const loaded = await loadModel(folder);
    expect(loaded.spec).toMatchObject({ options: { embeddingPrecision: "f16" } });

    const other = join(folder, "other");
    await saveModel(other, { ...source, spec: inFloats }, await loadCheckpoint(folder, loaded));
    await expect(loadModel(other)).rejects.toThrow(
      /tensor items.embedding is of precision f16, config.json makes it f32; restore a copy or train the model again$/,
    );
  });

  test("a program in float32 does not take a table of halves", async () => {
    const parameters = engine.createParameters();
    restore(parameters, (await loadModel(folder)).parameters);
    const { interests } = buildUserGraph(inFloats, { itemCount: log.itemCount }, 4);
    await expect(engine.compile({ outputs: { interests }, parameters })).rejects.toThrow(
      "parameter items.embedding: expected precision f16, got f32",
    );
  });
});

test("a folder from before there was a choice holds float32", () => {
  const { embeddingPrecision: _, ...options } = mindDefaults;
  const parsed = modelSpecSchema.parse({ name: "mind", options });
  expect(parsed).toMatchObject({ options: { embeddingPrecision: "f32" } });
});
