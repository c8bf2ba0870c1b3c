import { leaveOneOut } from "../src/data/split.ts";
import type { Engine } from "../src/engine.ts";
import { fail } from "../src/errors.ts";
import type { LaunchTime, Parameters } from "../src/graph/program.ts";
import { modelSpec } from "../src/models/registry.ts";
import { createDataset } from "../src/training/dataset.ts";
import { mindPresets, type Preset, trainingOf } from "../src/training/presets.ts";
import { type Patience, time } from "./harness.ts";
import type { Sizes, Work } from "./kernel-benchmark.ts";
import type { AdapterLimits } from "./limits.ts";
import { quantile, uniform } from "./numbers.ts";
import { catalogueLog } from "./popularity.ts";
import { type Part, partsOf, type Row, withFloor } from "./report.ts";
import { routingWork } from "./routing-workload.ts";
import { createTrainingRun, type TrainingRun } from "./training-run.ts";

const users = 2000;
const stepsPerSample = 5;
const measuredSteps = 7;
const hiddenWidth = 256;

/**
 * Full steps of MIND: batch, negatives, row order, upload, all kernels; the loss is read every few steps. Both presets score each
 * candidate by its best interest; the recommended one also sums recent behaviours and keeps interests apart.
 */
export async function measureTraining(
  engine: Engine,
  sizes: Sizes,
  limits: AdapterLimits,
  patience: Patience,
  preset: Preset,
): Promise<Row> {
  const { length, dimension, interests, iterations, items, negatives } = sizes;
  const sized = { length, dimension, interests, iterations, hiddenLayers: [hiddenWidth] };
  const spec = modelSpec("mind", { ...sized, ...mindPresets[preset] });
  const options = { ...trainingOf(spec, preset), scoring: "best" as const, negatives };
  const { batch, seed } = options;
  const dataset = createDataset(leaveOneOut(catalogueLog({ users, items, length: length + 10, seed })));
  const parameters = tableFilled(engine, items, dimension);
  const training = await createTrainingRun(engine, spec, dataset, options, parameters);
  const { program } = training;
  const severalSteps = async () => {
    for (let i = 0; i < stepsPerSample; i++) await training.step();
    const [value] = await program.read("loss");
    if (!Number.isFinite(value)) fail(`training step: the loss became ${value}`);
  };
  const { median_ms, spread } = await time("training step", severalSteps, patience);
  const step_ms = median_ms / stepsPerSample;
  const { kernels, host } = await lookInto(training, step_ms);
  program.dispose();
  return withFloor(limits, {
    name: preset === "paper" ? "training step" : `training step, ${preset}`,
    engine: "polymind",
    shape: `${batch} x ${length} x ${dimension}, K ${interests}, M ${negatives}, V ${items}`,
    median_ms: step_ms,
    spread: spread / stepsPerSample,
    clock: "host",
    dispatches: program.dispatches,
    samples_per_second: (batch / step_ms) * 1000,
    kernels,
    host,
    ...workOf({ ...sizes, batch }),
  });
}

/** Parameters with the item table in place: drawing a large one's first content takes longer than all that is measured. */
function tableFilled(engine: Engine, items: number, dimension: number): Parameters {
  const parameters = engine.createParameters();
  const shape = [items + 1, dimension];
  const content = uniform((items + 1) * dimension, 1);
  for (let i = 0; i < content.length; i++) content[i] = i < dimension ? 0 : 0.1 * content[i]!;
  parameters.define("items.embedding", shape, content);
  return parameters;
}

/** Where the time of a step goes: the median of each part over several steps. */
async function lookInto(training: TrainingRun, step_ms: number): Promise<{ kernels?: Part[]; host: Part[] }> {
  const steps: Awaited<ReturnType<TrainingRun["measuredStep"]>>[] = [];
  for (let i = 0; i < measuredSteps; i++) steps.push(await training.measuredStep());
  const median = (of: (step: (typeof steps)[number]) => number) =>
    quantile(
      steps.map(of).sort((a, b) => a - b),
      0.5,
    );
  const host = new Map([
    ["fill batch", median(({ fill }) => fill)],
    ["draw negatives", median(({ negatives }) => negatives)],
    ["row order", median(({ hostOps }) => hostOps)],
    ["upload", median(({ upload }) => upload)],
    ["encode", median(({ encoding }) => encoding)],
  ]);
  const kernels = new Map<string, number>();
  for (const [i, launch] of steps[0]!.launches.entries()) {
    const name = describeLaunch(launch);
    kernels.set(name, (kernels.get(name) ?? 0) + median(({ launches }) => launches[i]!.milliseconds));
  }
  return kernels.size > 0
    ? { kernels: partsOf(kernels), host: partsOf(host, step_ms) }
    : { host: partsOf(host, step_ms) };
}

/** A kernel and the shape that it writes: one kernel serves several ops. */
function describeLaunch({ dispatch }: LaunchTime): string {
  const written = dispatch.bindings.find(({ access }) => access === "write")!;
  return `${dispatch.shader.name} -> ${written.value.shape.join(" x ")}`;
}

/** Routing, two H-layers and the scores, forward and both gradients of each product; rows and their gradients moved once. */
function workOf(sizes: Sizes): Required<Work> {
  const { batch, length, dimension: d, interests, negatives } = sizes;
  const layers = 2 * 2 * batch * interests * d * hiddenWidth;
  const scores = 2 * batch * negatives * d * interests;
  return {
    flops: routingWork(sizes).both.flops + 3 * layers + scores + (2 * scores) / interests,
    bytes: 4 * d * (2 * batch * length + 2 * negatives + 2 * batch),
  };
}
