import type { TuneOptions, Tuning } from "../device/tuner.ts";
import type { Engine } from "../engine.ts";
import { plan } from "../graph/plan.ts";
import type { TrainedSpec } from "../models/registry.ts";
import type { Dataset } from "./dataset.ts";
import { buildObjective } from "./objective.ts";
import type { TrainingOptions } from "./options.ts";
import { createSteps } from "./steps.ts";

/** Tunes the kernels of the step that `train` runs with the same arguments, on its first batch (see {@link Engine.tune}). */
export async function tuneTraining(
  engine: Engine,
  spec: TrainedSpec,
  dataset: Dataset,
  options: TrainingOptions,
  tuneOptions: Omit<TuneOptions, "example"> = {},
): Promise<Tuning> {
  const { loss, updates, sampler } = buildObjective(spec, dataset, options);
  const goal = { outputs: { loss }, updates };
  const steps = createSteps(plan(goal), sampler, dataset, spec, options);
  const { arrays, fill } = steps.within(new ArrayBuffer(steps.bytes));
  fill(0);
  return engine.tune(goal, { ...tuneOptions, example: arrays.inputs });
}
