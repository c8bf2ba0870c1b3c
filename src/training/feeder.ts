import type { TrainedSpec } from "../models/registry.ts";
import type { TrainingOptions } from "./options.ts";
import type { StepArrays, Steps, StepValues, TrainingData } from "./steps.ts";

/** Gives a training what its steps need, one after another. */
export interface Feeder {
  /** The arrays of the next step, valid until the one after it is asked for. */
  next(): Promise<StepArrays>;
  /** Ends what works ahead. */
  close(): Promise<void>;
}

/** Where the arrays of the steps are made: in a worker thread, ahead of the device, or in the thread that trains. */
export type FeederPlace = "worker" | "in-thread";

/** All that a worker needs to make the steps from number `first` on, with the bits of the thread that trains. */
export interface FeederTask {
  readonly spec: TrainedSpec;
  readonly data: TrainingData;
  readonly options: TrainingOptions;
  /** What the program takes: the adapter's kernels may do without some of it. */
  readonly plan: StepValues;
  readonly first: number;
}

/** Fewer samples than this are made sooner than a worker has started. */
const smallLog = 50_000;

/**
 * A feeder in the given place; by default a worker for a GPU, which would wait for the host, and the thread that trains for
 * small logs, for software adapters, which the host keeps up with and shares its cores with, and where there are no workers.
 */
export async function createFeeder(
  steps: Steps,
  task: FeederTask,
  adapter: string,
  place?: FeederPlace,
): Promise<Feeder> {
  const inNode = typeof process === "object" && process.versions?.node !== undefined;
  const suits = inNode && adapter !== "software" && adapter !== "cpu" && steps.sampleCount >= smallLog;
  if (place === "worker" || (place === undefined && suits)) {
    const { canWork, feedFromWorker } = await import("./worker-feeder.ts");
    if (place === "worker" || canWork()) return feedFromWorker(steps, task);
  }
  return feedInThread(steps, task.first);
}

function feedInThread(steps: Steps, first: number): Feeder {
  const { arrays, fill } = steps.within(new ArrayBuffer(steps.bytes));
  let step = first;
  return {
    async next() {
      fill(step++);
      return arrays;
    },
    async close() {},
  };
}
