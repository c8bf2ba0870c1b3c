import type { TuneOptions, Tuning } from "../device/tuner.ts";
import type { Engine } from "../engine.ts";
import type { ModelSpec } from "../models/registry.ts";
import type { Dataset } from "./dataset.ts";
import { buildObjective } from "./objective.ts";
import type { TrainingOptions } from "./options.ts";
import { createStepFeed } from "./step-feed.ts";

/** Tunes the kernels of the step that `train` runs with the same arguments, on its first batch (see {@link Engine.tune}). */
export async function tuneTraining(
  engine: Engine,
  spec: ModelSpec,
  dataset: Dataset,
  options: TrainingOptions,
  tuneOptions: Omit<TuneOptions, "example"> = {},
): Promise<Tuning> {
  const { loss, updates, sampler } = buildObjective(spec, dataset, options);
  const { inputs } = createStepFeed(spec, dataset, options, sampler).fill(0, 0);
  return engine.tune({ outputs: { loss }, updates }, { ...tuneOptions, example: inputs });
}
