import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { itemsAt } from "../../src/data/sequences.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { fittedNames, modelSpec } from "../../src/models/registry.ts";
import { judge, judgeMostPopular, type RankedList } from "../../src/training/judge.ts";
import { datasetOf, loadCheckpoint, loadModel, type ModelSource, saveModel } from "../../src/training/model-folder.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";
import { trainingDefaults } from "../../src/training/options.ts";
import type { Checkpoint, EpochResult, StepReport } from "../../src/training/progress.ts";
import { train } from "../../src/training/trainer.ts";

const sourceOf = (name: (typeof fittedNames)[number]): ModelSource => ({
  spec: modelSpec(name, { dimension: 5, neighbours: 7 }),
  training: { ...trainingDefaults, epochs: 4, patience: 4 },
  data: dataDefaults,
  log: plantedLog({ users: 130, items: 120, topics: 12, length: [8, 14], seed: 2 }),
  adapter: "test",
});

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine({ adapter: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "polymind-fit-"));
});
afterAll(async () => {
  engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe.each(fittedNames)("%s", (name) => {
  const source = sourceOf(name);
  const { spec, training } = source;
  const dataset = datasetOf(source);

  test("is fitted, validated, saved and loaded like a model that is trained", async () => {
    const path = join(folder, name);
    const results: EpochResult[] = [];
    const reports: number[][] = [];
    const { best, progress, interrupted } = await train(engine, spec, dataset, training, {
      onValidation: (...report) => reports.push(report),
      onEpoch: (result) => results.push(result),
      onCheckpoint: (checkpoint) => saveModel(path, source, checkpoint),
    });
    expect(interrupted).toBe(false);
    expect(reports[0]![0]).toBe(0);
    expect(reports.filter(([done, total]) => done === total)).toHaveLength(results.length);
    expect(progress).toMatchObject({ epoch: name === "wals" ? 4 : 1, finished: true, history: results });
    const hitRates = results.map(({ validation }) => validation.find(({ at }) => at === 50)!.hitRate);
    expect(hitRates[progress.bestEpoch!]).toBe(Math.max(...hitRates));

    const model = await loadModel(path);
    expect(model).toMatchObject({ spec, results: { finished: true, history: results } });
    expect([...model.parameters.keys()]).toEqual([...best.keys()]);
    for (const [key, { data }] of best) expect(model.parameters.get(key)!.data).toEqual(data);
    const { validation } = dataset.split;
    const again = await judge(engine, model.parameters, model.spec, dataset, validation, { at: [10, 50, 100] });
    expect(again.metrics).toEqual(results[progress.bestEpoch!]!.validation);

    const finished = await loadCheckpoint(path, model);
    const resumed = await train(engine, spec, dataset, training, {}, finished);
    expect(resumed).toMatchObject({ interrupted: false, progress: finished.progress });
  });

  test("lists hold every target at its rank", async () => {
    const { best } = await train(engine, spec, dataset, { ...training, epochs: 1 });
    const lists: RankedList[] = [];
    const visit = (list: RankedList) => {
      lists.push(list);
    };
    const { test: users } = dataset.split;
    const { ranks, ...judgement } = await judge(engine, best, spec, dataset, users, {
      at: [10],
      lists: { count: source.log.itemCount, visit },
    });
    expect(judgement).toMatchObject({ interestCosine: null, activeInterests: null, interestsInUse: null });
    expect([...ranks]).toEqual(lists.map(({ items }, index) => items.indexOf(itemsAt(users.targets, index)[0]!)));
    expect(lists.map(({ user }) => user)).toEqual([...users.users]);
  });

  test("a folder whose arrays are of another size is refused", async () => {
    const path = join(folder, `${name}-other`);
    const { best, progress } = await train(engine, spec, dataset, training);
    const [key, { data }] = [...best][0]!;
    const short = { shape: [data.length - 1], data: data.subarray(1) };
    const checkpoint: Checkpoint = { progress, state: new Map(), best: new Map([...best, [key, short]]) };
    await saveModel(path, source, checkpoint);
    await expect(loadModel(path)).rejects.toThrow(
      `tensor ${key} has the shape [${short.data.length}], config.json makes`,
    );
  });
});

test("most-popular ranks as the baseline of every table", async () => {
  const { spec, ...source } = sourceOf("most-popular");
  const dataset = datasetOf(source);
  const { best } = await train(engine, spec, dataset, source.training);
  const judging = { at: [1, 10, 50] };
  const { metrics } = await judge(engine, best, spec, dataset, dataset.split.test, judging);
  expect(metrics).toEqual(judgeMostPopular(dataset, dataset.split.test, judging));
});

test("item-cf and wals find what the topics of a user make likely", async () => {
  for (const name of ["item-cf", "wals"] as const) {
    const { spec, ...source } = sourceOf(name);
    const dataset = datasetOf(source);
    const { best } = await train(engine, spec, dataset, source.training);
    const { metrics } = await judge(engine, best, spec, dataset, dataset.split.test, { at: [10] });
    const [popular] = judgeMostPopular(dataset, dataset.split.test, { at: [10] });
    expect(metrics[0]!.hitRate, name).toBeGreaterThan(1.5 * popular!.hitRate);
  }
});

test("wals, interrupted, saved, loaded and resumed, ends with the bits of an uninterrupted fit", async () => {
  const source = sourceOf("wals");
  const { spec, training } = source;
  const dataset = datasetOf(source);
  const whole = await train(engine, spec, dataset, training);
  const path = join(folder, "interrupted");
  const controller = new AbortController();
  const interrupted = await train(engine, spec, dataset, training, {
    signal: controller.signal,
    onEpoch({ epoch }) {
      if (epoch === 1) controller.abort();
    },
    onCheckpoint: (checkpoint) => saveModel(path, source, checkpoint),
  });
  expect(interrupted).toMatchObject({ interrupted: true, progress: { epoch: 2, finished: false } });
  const model = await loadModel(path);
  const resumed = await train(engine, model.spec, dataset, model.training, {}, await loadCheckpoint(path, model));
  expect([...resumed.best.keys()]).toEqual([...whole.best.keys()]);
  for (const [key, { data }] of whole.best) expect(resumed.best.get(key)!.data).toEqual(data);
  expect(resumed.progress.bestEpoch).toBe(whole.progress.bestEpoch);
  expect(resumed.progress.history.map(({ loss }) => loss)).toEqual(whole.progress.history.map(({ loss }) => loss));
});

test("a pass says how far it is", async () => {
  const { spec, training, ...source } = sourceOf("wals");
  const reports: StepReport[] = [];
  const dataset = datasetOf({ ...source, training });
  await train(engine, spec, dataset, { ...training, epochs: 1 }, { onStep: (report) => reports.push(report) });
  const { stepsPerEpoch } = reports[0]!;
  expect(reports.at(-1)).toMatchObject({ epoch: 0, step: stepsPerEpoch, loss: null });
  for (const { step } of reports) expect(step).toBeLessThanOrEqual(stepsPerEpoch);
});

test("a fitted model is not judged by parameters of an engine", async () => {
  const source = sourceOf("wals");
  const dataset = datasetOf(source);
  const judging = judge(engine, engine.createParameters(), source.spec, dataset, dataset.split.test, { at: [10] });
  await expect(judging).rejects.toThrow("a fitted model is judged by its arrays");
});
