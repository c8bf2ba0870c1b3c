import { createBatches } from "../src/data/batches.ts";
import { plantedLog } from "../src/data/planted.ts";
import { leaveOneOut } from "../src/data/split.ts";
import type { Engine } from "../src/engine.ts";
import { fail } from "../src/errors.ts";
import { modelSpec } from "../src/models/registry.ts";
import { createDataset } from "../src/training/dataset.ts";
import { buildObjective } from "../src/training/objective.ts";
import { trainingDefaults } from "../src/training/options.ts";
import { type Patience, time } from "./harness.ts";
import type { Sizes, Work } from "./kernel-benchmark.ts";
import type { Limits } from "./limits.ts";
import { type Row, withFloor } from "./report.ts";
import { routingWork } from "./routing-workload.ts";

const seed = 1;
const stepsPerSample = 5;
const hiddenWidth = 256;

/** Full steps of MIND on a generated log: batch, negatives, row order, upload, all kernels; the loss is read every few steps. */
export async function measureTraining(engine: Engine, sizes: Sizes, limits: Limits, patience: Patience): Promise<Row> {
  const { length, dimension, interests, iterations, items } = sizes;
  const { batch } = trainingDefaults;
  const log = plantedLog({ users: 600, items, length: [length, 2 * length], seed });
  const dataset = createDataset(leaveOneOut(log));
  const spec = modelSpec("mind", { length, dimension, interests, iterations, hiddenLayers: [hiddenWidth] });
  const options = { ...trainingDefaults, negatives: sizes.negatives, seed };
  const { loss, updates, sampler } = buildObjective(spec, dataset, options);
  const program = await engine.compile({ outputs: { loss }, updates });
  const batches = createBatches(dataset.split.train, { batch, length, seed });
  const samples = batches.allocate();
  const negatives = new Uint32Array(options.negatives);
  let step = 0;
  const advance = async () => {
    batches.fill(Math.floor(step / batches.stepsPerEpoch), step % batches.stepsPerEpoch, samples);
    sampler!.draw(step, negatives);
    step++;
    const { history, lengths, targets, weights } = samples;
    await program.run({ history, lengths, targets, weights, negatives, step: Uint32Array.of(step) });
  };
  const severalSteps = async () => {
    for (let i = 0; i < stepsPerSample; i++) await advance();
    const [value] = await program.read("loss");
    if (!Number.isFinite(value)) fail(`training step: the loss became ${value} in step ${step}`);
  };
  await severalSteps();
  const { median_ms, spread_ms } = await time("training step", severalSteps, patience);
  program.dispose();
  const median = median_ms / stepsPerSample;
  return withFloor(limits, {
    name: "training step",
    engine: "polymind",
    shape: `${batch} x ${length} x ${dimension}, K ${interests}, M ${sizes.negatives}, V ${dataset.itemCount}`,
    median_ms: median,
    spread: spread_ms / stepsPerSample,
    dispatches: program.dispatches,
    samples_per_second: (batch / median) * 1000,
    ...workOf({ ...sizes, batch }),
  });
}

/** Routing, two H-layers and the scores, forward and both gradients of each product; rows and their gradients moved once. */
function workOf(sizes: Sizes): Required<Work> {
  const { batch, length, dimension: d, interests, negatives } = sizes;
  const layers = 2 * 2 * batch * interests * d * hiddenWidth;
  const scores = 2 * batch * negatives * d;
  return {
    flops: routingWork(sizes).both.flops + 3 * (layers + scores),
    bytes: 4 * d * (2 * batch * length + 2 * negatives + 2 * batch),
  };
}
