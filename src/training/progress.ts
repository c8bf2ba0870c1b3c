import type { ItemEmbeddings } from "../data/embeddings.ts";
import type { Sequences } from "../data/sequences.ts";
import type { RankingMetrics } from "../evaluation/metrics.ts";
import type { Program } from "../graph/program.ts";
import type { Arrays } from "../models/arrays.ts";
import type { SharedOptions } from "../models/model.ts";
import type { FeederPlace } from "./feeder.ts";
import type { Judgement } from "./judge.ts";
import type { TrainingOptions } from "./options.ts";

/** Where a training stands: what a checkpoint says beside the parameters. */
export interface TrainingProgress {
  /** The epoch and the step within it that come next, from 0. */
  readonly epoch: number;
  readonly step: number;
  /** One entry for each finished epoch. */
  readonly history: readonly EpochResult[];
  /** The best epoch so far by HitRate@50 on the validation users; its parameters are the model. */
  readonly bestEpoch?: number;
  readonly finished: boolean;
}

/** Where every training begins. */
export const nothingTrained: TrainingProgress = { epoch: 0, step: 0, history: [], finished: false };

export interface EpochResult {
  readonly epoch: number;
  /** Mean of the losses read during the epoch; null where a model is fitted that has none. */
  readonly loss: number | null;
  readonly seconds: number;
  /** Of a model that is fitted: interactions. */
  readonly samplesPerSecond: number;
  readonly validation: readonly RankingMetrics[];
  readonly interestCosine: number | null;
}

/** All that must be kept to go on with the same bits. */
export interface Checkpoint {
  readonly progress: TrainingProgress;
  /** Every parameter and optimizer moment as it stands. */
  readonly state: Arrays;
  /** The parameters of the best epoch; those of now before the first validation. */
  readonly best: Arrays;
}

export interface StepReport {
  readonly epoch: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Null where a model is fitted, of which nothing is known before an epoch ends. */
  readonly loss: number | null;
  readonly samplesPerSecond: number;
}

export interface TrainingHooks {
  /** Called with the compiled step, before it is run. */
  onCompiled?(program: Program): void;
  /** How far the fitting of item vectors has come that training begins with, or that those of an earlier training are taken. */
  onPretraining?(done: number, total: number, isShared: boolean): void;
  onStep?(report: StepReport): void;
  /** How many of the validation users are ranked; from 0, for each epoch. */
  onValidation?(done: number, total: number): void;
  onEpoch?(result: EpochResult, judgement: Judgement): void;
  /** Called after each epoch, every few minutes and when interrupted; training goes on when it resolves. */
  onCheckpoint?(checkpoint: Checkpoint): Promise<void>;
  /** Aborting it ends training after the step at hand, with a last checkpoint. */
  readonly signal?: AbortSignal;
  /** Where batches are made; the bits are the same. Default: in a worker for a GPU and a log that is not small, else in this thread. */
  readonly batchesFrom?: FeederPlace;
  /** Makes the item vectors that training begins with; the bits are the same. Default: fits them anew, `fittingOnce` does not. */
  readonly itemVectors?: ItemVectors;
}

/** Makes item vectors for a training part, of the width and by the seed of a model. */
export type ItemVectors = (
  train: Sequences,
  options: Pick<SharedOptions, "dimension" | "seed">,
  hooks: Pick<TrainingHooks, "onPretraining" | "signal">,
) => Promise<ItemEmbeddings>;

export interface TrainingResult {
  readonly progress: TrainingProgress;
  readonly best: Arrays;
  readonly interrupted: boolean;
}

/** The cutoffs of validation; {@link TrainingProgress.bestEpoch} goes by 50. */
export const validationCutoffs = [10, 50, 100] as const;

type Limits = Pick<TrainingOptions, "epochs" | "patience">;

/** Where a training stands after an epoch. */
export function afterEpoch(before: TrainingProgress, result: EpochResult, limits: Limits): TrainingProgress {
  const history = [...before.history, result];
  const progress = { epoch: result.epoch + 1, step: 0, history, bestEpoch: bestOf(history), finished: false };
  return { ...progress, finished: isFinished(progress, limits) };
}

/** Whether there are epochs left of a training that has not stopped by itself. */
export const goesOn = ({ finished, epoch }: TrainingProgress, { epochs }: Pick<Limits, "epochs">): boolean =>
  !finished && epoch < epochs;

/** Whether there is nothing left to train: all epochs are done, or the last ones brought nothing better. */
export function isFinished({ epoch, bestEpoch }: TrainingProgress, { epochs, patience }: Limits): boolean {
  return epoch >= epochs || (bestEpoch !== undefined && epoch - 1 - bestEpoch >= patience);
}

/** The epoch of the highest validated HitRate@50; the earlier of equal ones. */
function bestOf(history: readonly EpochResult[]): number {
  const score = (result: EpochResult) => result.validation.find((metric) => metric.at === 50)?.hitRate ?? 0;
  return history.reduce((best, result) => (score(result) > score(best) ? result : best)).epoch;
}
