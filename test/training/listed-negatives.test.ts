import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBatches } from "../../src/data/batches.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { judge } from "../../src/training/judge.ts";
import { datasetOf, loadCheckpoint, loadModel, type ModelSource, saveModel } from "../../src/training/model-folder.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";
import { decodeSequences, encodeSequences } from "../../src/training/model-folder-tables.ts";
import { buildObjective } from "../../src/training/objective.ts";
import { type TrainingOptions, trainingDefaults } from "../../src/training/options.ts";
import type { Checkpoint } from "../../src/training/progress.ts";
import { train } from "../../src/training/trainer.ts";

const planted = plantedLog({ users: 60, items: 90, topics: 9, length: [8, 14], seed: 2 });

/** A log in which the interaction at `place` lists what `listOf` says. */
function withLists(listOf: (place: number) => readonly number[]) {
  const lists = Array.from(planted.items.keys(), listOf);
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, place) => {
    offsets[place + 1] = offsets[place]! + list.length;
  });
  return { ...planted, negatives: { offsets, items: Uint32Array.from(lists.flat()) } };
}

const drawn = (place: number) => Array.from({ length: 3 + (place % 6) }, (_, i) => 1 + ((place * 31 + i * 17) % 90));
const log = withLists(drawn);
const options: TrainingOptions = {
  ...trainingDefaults,
  epochs: 3,
  batch: 32,
  rate: 0.02,
  pretraining: "none",
  negativeSampling: "listed",
};
const spec = modelSpec("mind", { dimension: 8, length: 12, hiddenLayers: [12], interests: 3, recentBehaviours: 0 });
const dataset = createDataset(leaveOneOut(log));

test("each sample of a batch comes with its own list, cut and padded; held-out items train nothing", () => {
  const { train } = dataset.split;
  const batches = createBatches(train, { batch: 7, length: 4, seed: 3, listed: 5 });
  const into = batches.allocate();
  const found: string[] = [];
  for (let step = 0; step < batches.stepsPerEpoch; step++) {
    into.negatives!.fill(99);
    batches.fill(0, step, into);
    for (let row = 0; row < 7; row++) {
      const list = [...into.negatives!.subarray(row * 5, (row + 1) * 5)];
      if (row < into.count) found.push(`${into.users[row]} ${into.targets[row]}: ${list}`);
      else expect(list).toEqual([0, 0, 0, 0, 0]);
    }
  }
  const wanted: string[] = [];
  for (let user = 0; user < log.userCount; user++) {
    for (let place = log.offsets[user]! + 1; place < log.offsets[user + 1]! - 2; place++) {
      wanted.push(`${user} ${log.items[place]}: ${[...drawn(place), 0, 0].slice(0, 5)}`);
    }
  }
  expect(found.sort()).toEqual(wanted.sort());
});

test("samples without a list are left out, and a log without lists is refused", () => {
  const half = createDataset(leaveOneOut(withLists((place) => (place % 2 ? [1] : [])))).split.train;
  const all = createBatches(half, { batch: 8, length: 4, seed: 1 }).sampleCount;
  const listed = createBatches(half, { batch: 8, length: 4, seed: 1, listed: 1 }).sampleCount;
  expect(listed).toBeGreaterThan(0.3 * all);
  expect(listed).toBeLessThan(0.7 * all);
  const build = (of: Parameters<typeof leaveOneOut>[0], more = {}) =>
    buildObjective(spec, createDataset(leaveOneOut(of)), { ...options, ...more });
  expect(() => build(planted)).toThrow(
    /^--negative-sampling listed: this log lists no negatives; read samples .* neg_items, or .*$/,
  );
  expect(() => build(withLists(() => []))).toThrow(
    /^--negative-sampling listed: no sample that trains lists any negatives; .*$/,
  );
  expect(() => build(log, { loss: "full" })).toThrow(
    /^train: expected sampled loss for --negative-sampling listed, got full/,
  );
});

test("a folder whose lists do not fit its interactions is refused", () => {
  const { offsets, items } = log.negatives;
  const decode = (negatives: typeof log.negatives) =>
    decodeSequences(Buffer.concat(encodeSequences({ ...log, negatives })), "log", log.userCount, log.itemCount);
  expect(decode(log.negatives).negatives).toEqual(log.negatives);
  expect(() => decode({ offsets: offsets.slice(1), items })).toThrow("log: its lists of negatives do not fit");
  expect(() => decode({ offsets, items: items.with(3, 91) })).toThrow("log: an item is not one of the 90");
});

describe("training", () => {
  let engine: Engine;
  let folder: string;
  beforeAll(async () => {
    engine = await createEngine();
    folder = await mkdtemp(join(tmpdir(), "polymind-listed-"));
  });
  afterAll(async () => {
    engine.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const [x, y] = [log.itemCount + 1, log.itemCount + 2];

  /** The share of the test users who have an item among the upper half when all lists name `named`, too, which nobody ever had. */
  async function shareOfUpperHalf(named: number, item: number, more: Partial<TrainingOptions>): Promise<number> {
    const own = { ...withLists((place) => [named, ...drawn(place)]), itemCount: log.itemCount + 2 };
    const data = createDataset(leaveOneOut(own));
    const { best } = await train(engine, spec, data, { ...options, ...more });
    const { users, history } = data.split.test;
    const targets = {
      offsets: Uint32Array.from({ length: users.length + 1 }, (_, i) => i),
      items: users.map(() => item),
    };
    const { metrics } = await judge(engine, best, spec, data, { users, history, targets }, { at: [own.itemCount / 2] });
    return metrics[0]!.hitRate;
  }

  // Nothing but the lists tells the two items apart.
  test.each([{ scoring: "best" }, { scoring: "chosen" }, { hardNegativesBeta: 1 }] as const)(
    "an item that lists name falls behind, and one that they do not stays: %o",
    async (more) => {
      for (const [named, other] of [
        [x, y],
        [y, x],
      ] as const) {
        expect(await shareOfUpperHalf(named, named, more)).toBeLessThan(0.05);
        expect(await shareOfUpperHalf(named, other, more)).toBeGreaterThan(0.2);
      }
    },
  );

  test("interrupted in mid-epoch, saved, loaded and resumed, it ends with the bits of an uninterrupted one", async () => {
    const training = { ...options, batch: 8 };
    const source: ModelSource = { spec, training, data: dataDefaults, log, adapter: "test" };
    const whole = await train(engine, spec, dataset, training);
    const controller = new AbortController();
    const interrupted = await train(engine, spec, dataset, training, {
      signal: controller.signal,
      onStep({ epoch, step }) {
        if (epoch === 1 && step === 20) controller.abort();
      },
      onCheckpoint: (checkpoint) => saveModel(folder, source, checkpoint),
    });
    expect(interrupted).toMatchObject({ interrupted: true, progress: { epoch: 1, step: 20 } });
    const model = await loadModel(folder);
    expect(model.log.negatives).toEqual(log.negatives);
    const resumed = await train(
      engine,
      spec,
      datasetOf(model),
      model.training,
      {},
      await loadCheckpoint(folder, model),
    );
    expect(resumed.best).toEqual(whole.best);
  });

  test("a model that is not trained with them keeps no lists", async () => {
    const training = { ...options, negativeSampling: "uniform", negatives: 20, epochs: 1 } as const;
    const source: ModelSource = { spec, training, data: dataDefaults, log, adapter: "test" };
    const onCheckpoint = (checkpoint: Checkpoint) => saveModel(folder, source, checkpoint);
    await train(engine, spec, dataset, training, { onCheckpoint });
    expect((await loadModel(folder)).log).not.toHaveProperty("negatives");
  });
});
