import type { Engine } from "../engine.ts";
import type { Parameters } from "../graph/program.ts";
import type { Arrays } from "../models/arrays.ts";
import type { ModelSpec } from "../models/registry.ts";
import type { Dataset } from "./dataset.ts";
import { type Judgement, type JudgeOptions, judge } from "./judge.ts";
import type { TrainingOptions } from "./options.ts";
import { afterEpoch, type EpochResult, type TrainingProgress, validationCutoffs } from "./progress.ts";

/** What training knows of an epoch before it is validated. */
export type TrainedEpoch = Pick<EpochResult, "loss" | "seconds" | "samplesPerSecond">;

export interface EndedEpoch {
  readonly progress: TrainingProgress;
  readonly result: EpochResult;
  readonly judgement: Judgement;
  /** Whether it is the best so far, so that what was learned is kept as the model. */
  readonly isBest: boolean;
}

/** Ends the epoch at hand: judges what was learned by the validation users and says where training stands. */
export async function endEpoch(
  engine: Engine,
  learned: Parameters | Arrays,
  spec: ModelSpec,
  dataset: Dataset,
  options: TrainingOptions,
  before: TrainingProgress,
  trained: TrainedEpoch,
  onProgress: JudgeOptions["onProgress"],
): Promise<EndedEpoch> {
  const judgement = await judge(engine, learned, spec, dataset, dataset.split.validation, {
    at: validationCutoffs,
    includeSeen: options.includeSeen,
    users: options.validationUsers,
    onProgress,
  });
  const { metrics, interestCosine } = judgement;
  const result: EpochResult = { epoch: before.epoch, ...trained, validation: metrics, interestCosine };
  const progress = afterEpoch(before, result, options);
  return { progress, result, judgement, isBest: progress.bestEpoch === before.epoch };
}
