import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { type ModelSpec, modelNames, modelSpec } from "../../src/models/registry.ts";
import { judge, judgeMostPopular } from "../../src/training/judge.ts";
import { datasetOf, loadModel, type ModelSource, saveModel } from "../../src/training/model-folder.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";
import { trainingDefaultsOf } from "../../src/training/options.ts";
import type { Checkpoint } from "../../src/training/progress.ts";
import { train } from "../../src/training/trainer.ts";

const log = plantedLog({ users: 200, items: 150, topics: 15, length: [8, 16], seed: 3 });
const small = {
  dimension: 16,
  length: 12,
  hiddenLayers: [16],
  interests: 3,
  attentionDimension: 16,
  stateDimension: 16,
};

const sourceOf = (spec: ModelSpec): ModelSource => ({
  spec,
  training: { ...trainingDefaultsOf(spec.name), epochs: 8, batch: 32, negatives: 60, rate: 0.02 },
  data: dataDefaults,
  log,
  adapter: "test",
});

describe("every model", () => {
  let engine: Engine;
  let folder: string;
  beforeAll(async () => {
    engine = await createEngine();
    folder = await mkdtemp(join(tmpdir(), "polymind-models-"));
  });
  afterAll(async () => {
    engine.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(modelNames)(
    "%s finds more than popularity does, and judges the same after it was saved and loaded",
    async (name) => {
      const source = sourceOf(modelSpec(name, small));
      const { spec, training } = source;
      const dataset = datasetOf(source);
      let last: Checkpoint | undefined;
      await train(engine, spec, dataset, training, {
        onCheckpoint: async (checkpoint) => {
          last = checkpoint;
        },
      });
      const judged = (best: Checkpoint["best"], loaded: ModelSpec) =>
        judge(engine, best, loaded, dataset, dataset.split.test, { at: [10] });
      const { metrics, ranks } = await judged(last!.best, spec);
      const [popular] = judgeMostPopular(dataset, dataset.split.test, { at: [10] });
      if (name === "most-popular") expect(metrics).toEqual([popular]);
      else expect(metrics[0]!.hitRate).toBeGreaterThan(1.5 * popular!.hitRate);

      const path = join(folder, name);
      await saveModel(path, source, last!);
      const model = await loadModel(path);
      expect(model.spec).toEqual(spec);
      expect((await judged(model.parameters, model.spec)).ranks).toEqual(ranks);
    },
  );
});
