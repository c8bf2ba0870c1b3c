import { spawn } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "tsdown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeFeatures } from "../../src/data/features.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { plan } from "../../src/graph/plan.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { createDataset, type Dataset } from "../../src/training/dataset.ts";
import { buildObjective } from "../../src/training/objective.ts";
import { type TrainingOptions, trainingDefaults } from "../../src/training/options.ts";
import { createSteps, type StepArrays } from "../../src/training/steps.ts";
import type * as WorkerFeeder from "../../src/training/worker-feeder.ts";
import shipped from "../../tsdown.config.ts";

// The worker's code is a file that the build puts beside the others, so these tests run what is shipped.
const folder = join(import.meta.dirname, "../dist");
let canWork: typeof WorkerFeeder.canWork;
let feedFromWorkers: typeof WorkerFeeder.feedFromWorkers;
beforeAll(async () => {
  const entry = { ...(shipped.entry as object), "worker-feeder": "src/training/worker-feeder.ts" };
  await build({ ...shipped, entry, outDir: folder, dts: false, config: false, logLevel: "silent" });
  ({ canWork, feedFromWorkers } = await import(/* @vite-ignore */ join(folder, "worker-feeder.js")));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const log = plantedLog({ users: 40, items: 90, topics: 9, length: [6, 12], seed: 5 });
const column = (name: string, rows: number, values: number) =>
  encodeFeatures([{ name, values: Array.from({ length: rows }, (_, row) => [`${row % values}`]) }], rows);
const features = {
  itemFeatures: column("genre", log.itemCount, 7),
  userFeatures: column("age", log.userCount, 5),
};
const spec = modelSpec("mind", { dimension: 8, length: 10, hiddenLayers: [8], interests: 3 });
const defaults: TrainingOptions = { ...trainingDefaults, epochs: 2, batch: 16, negatives: 30 };

/** The log with a list of negatives for each interaction. */
const listing = {
  ...log,
  negatives: {
    offsets: Uint32Array.from({ length: log.items.length + 1 }, (_, i) => 3 * i),
    items: Uint32Array.from({ length: 3 * log.items.length }, (_, i) => 1 + ((7 * i) % log.itemCount)),
  },
};

/** The steps of a training, and the task of a feeder of them; `needs` as kernels may that do without some of a step's values. */
function stepsOf(
  features: Pick<Dataset, "itemFeatures" | "userFeatures">,
  needs = (_name: string) => true,
  more: Partial<TrainingOptions> = {},
) {
  const options = { ...defaults, ...more };
  const data = createDataset(leaveOneOut(listing), features);
  const { loss, updates, sampler } = buildObjective(spec, data, options);
  const { inputs, hostNodes } = plan({ outputs: { loss }, updates });
  const needed = {
    inputs: inputs.filter(({ name }) => needs(name)),
    hostNodes: hostNodes.filter(({ op }) => needs(op.name)),
  };
  const steps = createSteps(needed, sampler, data, spec, options);
  return { steps, task: { spec, data, options, plan: needed, first: steps.perEpoch - 3 } };
}

const valuesOf = ({ inputs, computed }: StepArrays) => structuredClone({ inputs, computed });

test.each([
  ["items and users alone", 1, stepsOf({})],
  ["features of items and users", 2, stepsOf(features)],
  ["lists of negatives", 2, stepsOf({}, undefined, { negativeSampling: "listed" })],
  ["less than all", 3, stepsOf(features, (name) => name !== "interestCounts" && name !== "weights")],
])(
  "workers make the steps of this thread, whatever the timing, from any of them on: %s, by %i",
  async (_, workers, { steps, task }) => {
    const feeder = feedFromWorkers(steps, task, workers);
    const own = steps.within(new ArrayBuffer(steps.bytes));
    for (let step = task.first; step < 2 * steps.perEpoch; step++) {
      const got = await feeder.next();
      if (step % 4 === 0) await sleep(5);
      own.fill(step);
      expect(valuesOf(got), `step ${step}`).toEqual(valuesOf(own.arrays));
    }
    await feeder.close();
    expect(canWork()).toBe(true);
  },
);

test("what goes wrong in the worker is said in one line, at every step from there on", async () => {
  const { steps, task } = stepsOf({});
  const feeder = feedFromWorkers(steps, { ...task, options: { ...defaults, batch: 0 } });
  const message = /^train: the worker that makes the batches failed: history: expected sizes of at least 1, got .*$/;
  await expect(feeder.next()).rejects.toThrow(message);
  await expect(feeder.next()).rejects.toThrow(message);
  await feeder.close();
});

/** A process that runs `code` on what is shipped; says how it ended and what it printed. */
async function run(code: string): Promise<{ status: number | null; out: string }> {
  const file = join(folder, "child.js");
  await writeFile(file, `import * as polymind from "./index.js";\n${code}`);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      out += text;
    });
  }
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, out };
}

const training = `
const log = polymind.plantedLog({ users: 40, items: 60, topics: 6, length: [6, 12], seed: 5 });
const dataset = polymind.createDataset(polymind.leaveOneOut(log));
const spec = polymind.modelSpec("mind", { dimension: 4, length: 8, hiddenLayers: [], interests: 2 });
const options = { ...polymind.trainingDefaults, epochs: 2, batch: 32, negatives: 20 };
const engine = await polymind.createEngine({ adapter: "cpu" });
const train = (hooks, from) => polymind.train(engine, spec, dataset, options, hooks, from);
const batchesFrom = "worker";
`;

test("a training that is fed by a worker ends with the bits of one that is not, and so does one that was interrupted", async () => {
  const { status, out } = await run(`${training}
    const bits = ({ best }) => JSON.stringify([...best].map(([name, { data }]) => [name, [...data]]));
    const wanted = bits(await train({ batchesFrom: "in-thread" }));
    console.log(bits(await train({ batchesFrom })) === wanted);
    const controller = new AbortController();
    let saved;
    const interrupted = await train({
      batchesFrom,
      signal: controller.signal,
      onEpoch: () => controller.abort(),
      onCheckpoint: async (checkpoint) => { saved = checkpoint; },
    });
    console.log(interrupted.interrupted, bits(await train({ batchesFrom }, saved)) === wanted);
  `);
  expect(out.trim().split("\n")).toEqual(["true", "true true"]);
  expect(status).toBe(0);
});

test.each([
  [
    "fails",
    "await train({ batchesFrom, onEpoch() { throw new Error('enough'); } }).catch((e) => console.log(e.message));",
  ],
  [
    "waits for ever",
    "void train({ batchesFrom, onEpoch: () => console.log('enough'), onCheckpoint: () => new Promise(() => {}) });",
  ],
])("no worker keeps the process of a training that %s", async (_, code) => {
  expect(await run(training + code)).toEqual({ status: 0, out: "enough\n" });
});
