import type { Judgement, JudgeOptions } from "./judge.ts";
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

/** How what was learned is judged after each epoch. */
export const validating = (
  { includeSeen, validationUsers: users }: TrainingOptions,
  onProgress: JudgeOptions["onProgress"],
): JudgeOptions => ({ at: validationCutoffs, includeSeen, users, onProgress });

/** Ends the epoch at hand: says where training stands once it has been judged by the validation users. */
export function endEpoch(
  judgement: Judgement,
  options: TrainingOptions,
  before: TrainingProgress,
  trained: TrainedEpoch,
): EndedEpoch {
  const { metrics, interestCosine } = judgement;
  const result: EpochResult = { epoch: before.epoch, ...trained, validation: metrics, interestCosine };
  const progress = afterEpoch(before, result, options);
  return { progress, result, judgement, isBest: progress.bestEpoch === before.epoch };
}
