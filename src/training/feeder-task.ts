import type { TrainedSpec } from "../models/registry.ts";
import type { TrainingOptions } from "./options.ts";
import type { StepArrays, StepValues, TrainingData } from "./steps.ts";

/** Gives a training what its steps need, one after another. */
export interface Feeder {
  /** The arrays of the next step, valid until the one after it is asked for. */
  next(): Promise<StepArrays>;
  /** Ends what works ahead. */
  close(): Promise<void>;
}

/** All that a worker needs to make the steps from number `first` on, with the bits of the thread that trains. */
export interface FeederTask {
  readonly spec: TrainedSpec;
  readonly data: TrainingData;
  readonly options: TrainingOptions;
  /** What the program takes: the adapter's kernels may do without some of it. */
  readonly plan: StepValues;
  readonly first: number;
}
