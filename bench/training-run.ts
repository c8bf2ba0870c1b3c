import { createBatches } from "../src/data/batches.ts";
import type { Engine } from "../src/engine.ts";
import type { Parameters, Program, RunTimes } from "../src/graph/program.ts";
import type { TrainedSpec } from "../src/models/registry.ts";
import type { Dataset } from "../src/training/dataset.ts";
import { buildObjective } from "../src/training/objective.ts";
import type { TrainingOptions } from "../src/training/options.ts";

/** What the host does before a step is given to the program, in ms. */
export interface FeedTimes {
  readonly fill: number;
  readonly negatives: number;
}

/** A training that goes on step by step, as the trainer's loop does. */
export interface TrainingRun {
  readonly program: Program;
  step(): Promise<void>;
  /** One step with clocks. */
  measuredStep(): Promise<FeedTimes & RunTimes>;
}

export async function createTrainingRun(
  engine: Engine,
  spec: TrainedSpec,
  dataset: Dataset,
  options: TrainingOptions,
  parameters?: Parameters,
): Promise<TrainingRun> {
  const { loss, updates, sampler } = buildObjective(spec, dataset, options);
  const program = await engine.compile({ outputs: { loss }, updates, parameters });
  const { length } = spec.options;
  const batches = createBatches(dataset.split.train, { batch: options.batch, length, seed: options.seed });
  const samples = batches.allocate();
  const negatives = new Uint32Array(options.negatives);
  const stepNumber = new Uint32Array(1);
  let step = 0;
  const next = () => {
    const start = performance.now();
    batches.fill(Math.floor(step / batches.stepsPerEpoch), step % batches.stepsPerEpoch, samples);
    const filled = performance.now();
    sampler?.draw(step, negatives);
    stepNumber[0] = ++step;
    const { history, lengths, targets, weights } = samples;
    const times: FeedTimes = { fill: filled - start, negatives: performance.now() - filled };
    return { times, inputs: { history, lengths, targets, weights, negatives, step: stepNumber } };
  };
  return {
    program,
    step: () => program.run(next().inputs),
    async measuredStep() {
      const { times, inputs } = next();
      return { ...times, ...(await program.measure(inputs, "launches")) };
    },
  };
}
