import { afterAll, beforeAll, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { type ModelName, modelSpec } from "../../src/models/registry.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { judge, judgeMostPopular, type RankedList } from "../../src/training/judge.ts";
import { type TrainingOptions, trainingDefaults } from "../../src/training/options.ts";
import { train } from "../../src/training/trainer.ts";

const dimension = 16;
const log = plantedLog({ users: 200, items: 150, topics: 15, length: [8, 16], seed: 3 });
const dataset = createDataset(leaveOneOut(log));
const { test: users } = dataset.split;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.dispose());

const cosine = (x: Float32Array, y: Float32Array) => {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, c) => sum + value * b[c]!, 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
};

const cases: readonly [ModelName, Partial<TrainingOptions>][] = [
  ["mind", {}],
  ["mind", { scoring: "chosen" }],
  ["mind", { loss: "full" }],
  ["mind", { negativeSampling: "in-batch" }],
  ["comirec-sa", {}],
  ["youtube-dnn", {}],
];

test.each(cases)("%s %j: normalised, it scores by cosines, and learns", async (name, more) => {
  const small = { dimension, length: 12, hiddenLayers: [16], interests: 3, attentionDimension: 16 };
  const spec = modelSpec(name, { ...small, recentBehaviours: 0, normaliseOutputs: true });
  const options = { ...trainingDefaults, epochs: 6, batch: 32, negatives: 60, rate: 0.02, temperature: 0.1, ...more };
  const { best } = await train(engine, spec, dataset, options);
  const lists: RankedList[] = [];
  const { metrics, interests } = await judge(engine, best, spec, dataset, users, {
    at: [10],
    lists: { count: 5, visit: (list) => void lists.push(list) },
  });
  const [popular] = judgeMostPopular(dataset, users, { at: [10] });
  expect(metrics[0]!.hitRate).toBeGreaterThan(1.5 * popular!.hitRate);

  const table = best.get("items.embedding")!.data as Float32Array;
  const most = interests.length / lists.length / dimension;
  for (const [row, list] of lists.entries()) {
    for (const [place, item] of list.items.entries()) {
      const at = (row * most + list.interests[place]!) * dimension;
      const interest = interests.subarray(at, at + dimension);
      expect(Math.hypot(...interest)).toBeCloseTo(1, 5);
      const vector = table.subarray(item * dimension, (item + 1) * dimension);
      expect(list.scores[place]).toBeCloseTo(cosine(interest, vector), 5);
    }
  }
});
