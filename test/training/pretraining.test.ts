import { afterAll, beforeAll, expect, test } from "vitest";
import { collectEmbeddings } from "../../src/data/embeddings.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { modelNames, modelSpec } from "../../src/models/registry.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { trainingDefaults, trainingDefaultsOf } from "../../src/training/options.ts";
import { trainingOf } from "../../src/training/presets.ts";
import { fittingOnce, walsVectors } from "../../src/training/pretraining.ts";
import type { Checkpoint } from "../../src/training/progress.ts";
import { train } from "../../src/training/trainer.ts";

const log = plantedLog({ users: 70, items: 120, topics: 12, length: [8, 14], seed: 2 });
const dataset = createDataset(leaveOneOut(log));
const spec = modelSpec("mind", { dimension: 8, length: 12, hiddenLayers: [12], interests: 3, recentBehaviours: 0 });
const training = { ...trainingDefaults, epochs: 2, batch: 16, negatives: 40 };

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.dispose());

test("items of one topic have vectors that are alike; what training never shows has none", async () => {
  const { rows, found, missing, dimension } = await walsVectors(dataset.split.train, { dimension: 8, seed: 1 }, {});
  expect(dimension).toBe(8);
  expect(rows).toHaveLength(120 * 8);
  expect(found.map((here, row) => Number(here === Number(dataset.itemCounts[row + 1]! > 0)))).not.toContain(0);
  expect(missing).toBe(found.filter((here) => here === 0).length);
  const cosine = (a: number, b: number) => {
    const [x, y] = [a, b].map((row) => rows.subarray(8 * row, 8 * row + 8)) as [Float32Array, Float32Array];
    const dot = (p: Float32Array, q: Float32Array) => p.reduce((sum, value, c) => sum + value * q[c]!, 0);
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  };
  const sums = { same: [0, 0], other: [0, 0] };
  for (let a = 0; a < 120; a++)
    for (let b = 0; b < a; b++) {
      if (found[a] === 0 || found[b] === 0) continue;
      const sum = log.topicOfItem[a + 1] === log.topicOfItem[b + 1] ? sums.same : sums.other;
      sum[0]! += cosine(a, b);
      sum[1]!++;
    }
  const mean = ([sum, count]: readonly number[]) => sum! / count!;
  expect(mean(sums.same)).toBeGreaterThan(mean(sums.other) + 0.3);
});

test("training begins with them, and a resumed one ends with the bits of an uninterrupted one", async () => {
  const reports: number[][] = [];
  const hooks = { onPretraining: (done: number, total: number) => reports.push([done, total]) };
  const whole = await train(engine, spec, dataset, training, hooks);
  expect(reports.at(-1)).toEqual([1, 1]);
  const given = {
    ...dataset,
    itemEmbeddings: await walsVectors(dataset.split.train, { dimension: 8, seed: spec.options.seed }, {}),
  };
  const same = await train(engine, spec, given, { ...training, pretraining: "none" });
  expect(whole.best).toEqual(same.best);

  const controller = new AbortController();
  let last: Checkpoint | undefined;
  const onCheckpoint = async (checkpoint: Checkpoint) => {
    last = checkpoint;
  };
  const onStep = () => controller.abort();
  const begun = await train(engine, spec, dataset, training, { signal: controller.signal, onStep, onCheckpoint });
  expect(begun.interrupted).toBe(true);
  const resumed = await train(engine, spec, dataset, training, {}, last);
  expect(resumed.best).toEqual(whole.best);
});

test("trainings that share them fit them once for each width and seed, with the bits of those that do not", async () => {
  const itemVectors = fittingOnce();
  const { train: part } = dataset.split;
  const reports: boolean[] = [];
  const onPretraining = (done: number, total: number, isShared: boolean) => {
    if (done === total) reports.push(isShared);
  };
  const first = await itemVectors(part, { dimension: 8, seed: 1 }, { onPretraining });
  expect(first).toEqual(await walsVectors(part, { dimension: 8, seed: 1 }, {}));
  expect(await itemVectors(part, { dimension: 8, seed: 1 }, { onPretraining })).toBe(first);
  expect((await itemVectors(part, { dimension: 6, seed: 1 }, { onPretraining })).dimension).toBe(6);
  expect((await itemVectors(part, { dimension: 8, seed: 2 }, { onPretraining })).rows).not.toEqual(first.rows);
  const other = leaveOneOut(plantedLog({ users: 70, items: 120, topics: 12, length: [8, 14], seed: 3 })).train;
  expect((await itemVectors(other, { dimension: 8, seed: 1 }, { onPretraining })).rows).not.toEqual(first.rows);
  expect(reports).toEqual([false, true, false, false, false]);

  const hooks = { itemVectors, onPretraining };
  const alone = await train(engine, spec, dataset, training);
  for (const isShared of [true, true]) {
    const { best } = await train(engine, spec, dataset, training, hooks);
    expect(best).toEqual(alone.best);
    expect(reports.at(-1)).toBe(isShared);
  }
});

test("vectors that the dataset brings take the place of fitted ones", async () => {
  const collector = collectEmbeddings("there", log.itemIds.slice(1), 8);
  collector.add(log.itemIds[1]!, new Float32Array(8).fill(0.5));
  const given = { ...dataset, itemEmbeddings: collector.finish() };
  const { best } = await train(engine, spec, given, training, { onPretraining: () => expect.unreachable() });
  expect(best).toEqual((await train(engine, spec, given, { ...training, pretraining: "none" })).best);
});

test("all trained models begin with them, the paper's MIND does not", () => {
  for (const name of modelNames) expect(trainingDefaultsOf(name).pretraining).toBe("wals");
  expect(trainingOf(modelSpec("mind"), "paper").pretraining).toBe("none");
});
