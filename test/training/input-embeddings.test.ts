import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeFeatures } from "../../src/data/features.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { embeddings } from "../../src/models/initializers.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { judge } from "../../src/training/judge.ts";
import { datasetOf, loadModel, type ModelSource, saveModel } from "../../src/training/model-folder.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";
import { trainingDefaults } from "../../src/training/options.ts";
import type { Checkpoint } from "../../src/training/progress.ts";
import { train } from "../../src/training/trainer.ts";

const log = plantedLog({ users: 120, items: 90, topics: 9, length: [8, 14], seed: 4 });
const topics = Array.from({ length: log.itemCount }, (_, i) => [`${log.topicOfItem[i + 1]}`]);
const itemFeatures = encodeFeatures([{ name: "topic", values: topics }], log.itemCount);
const small = { dimension: 8, length: 10, hiddenLayers: [8], interests: 3 };

describe("behaviours with embeddings of their own", () => {
  let engine: Engine;
  let folder: string;
  beforeAll(async () => {
    engine = await createEngine();
    folder = await mkdtemp(join(tmpdir(), "polymind-inputs-"));
  });
  afterAll(async () => {
    engine.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    { inputEmbeddings: "separate", name: "mind" },
    { inputEmbeddings: "frozen", name: "youtube-dnn" },
    { inputEmbeddings: "frozen", name: "mind", features: { itemFeatures } },
  ] as const)("$name, $inputEmbeddings", async ({ inputEmbeddings, name, ...more }) => {
    const { features = {} } = more as Partial<{ features: { itemFeatures: typeof itemFeatures } }>;
    const spec = modelSpec(name, { ...small, inputEmbeddings });
    // Vectors that begin by chance are the same each time they are made.
    const start = { pretraining: "none", epochs: 1, batch: 32, negatives: 40, rate: 0.01 } as const;
    const training = { ...trainingDefaults, ...start };
    const source: ModelSource = { spec, training, data: dataDefaults, log, adapter: "test", ...features };
    const dataset = datasetOf(source);
    let last: Checkpoint | undefined;
    await train(engine, spec, dataset, training, {
      onCheckpoint: async (checkpoint) => {
        last = checkpoint;
      },
    });
    const moved = (table: string) => {
      const { shape, data } = last!.best.get(table)!;
      return !embeddings(0.1, { seed: 1, name: table })(shape).every((value, i) => value === data[i]);
    };
    expect([moved("items.embedding"), moved("items.input")]).toEqual([true, inputEmbeddings === "separate"]);
    expect(last!.state.has("items.input.firstMoment")).toBe(inputEmbeddings === "separate");

    const path = join(folder, `${name}-${inputEmbeddings}-${"itemFeatures" in features}`);
    await saveModel(path, source, last!);
    const loaded = await loadModel(path);
    const ranks = async (parameters: typeof loaded.parameters) =>
      (await judge(engine, parameters, spec, dataset, dataset.split.test, { at: [10] })).ranks;
    expect(await ranks(loaded.parameters)).toEqual(await ranks(last!.best));
    const others = new Map([...last!.best].filter(([table]) => table !== "items.input"));
    await saveModel(path, source, { ...last!, best: others });
    await expect(loadModel(path)).rejects.toThrow(/no tensor items.input; restore a copy or train the model again$/);
  });
});
