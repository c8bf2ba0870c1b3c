import { createBatches } from "../data/batches.ts";
import type { NegativeSampler } from "../data/negatives.ts";
import type { InputArrays } from "../graph/interpreter.ts";
import type { ModelSpec } from "../models/registry.ts";
import { createProfileFeed, type Dataset } from "./dataset.ts";
import type { TrainingOptions } from "./options.ts";

/** Makes the inputs of training steps, in memory that each step fills anew. */
export interface StepFeed {
  readonly stepsPerEpoch: number;
  /** The inputs of a step of an epoch, both from 0, and how many samples it has; the same bits whatever was filled before. */
  fill(epoch: number, step: number): { readonly inputs: InputArrays; readonly count: number };
}

export function createStepFeed(
  spec: ModelSpec,
  dataset: Dataset,
  options: Pick<TrainingOptions, "batch" | "seed" | "negatives">,
  sampler: NegativeSampler | undefined,
): StepFeed {
  const { batch, seed } = options;
  const batches = createBatches(dataset.split.train, { batch, length: spec.options.length, seed });
  const samples = batches.allocate();
  const profiles = createProfileFeed(dataset.userFeatures, batch);
  const negatives = new Uint32Array(options.negatives);
  const stepNumber = new Uint32Array(1);
  return {
    stepsPerEpoch: batches.stepsPerEpoch,
    fill(epoch, step) {
      const absolute = epoch * batches.stepsPerEpoch + step;
      batches.fill(epoch, step, samples);
      stepNumber[0] = absolute + 1;
      sampler?.draw(absolute, negatives);
      const { history, lengths, targets, weights, users, count } = samples;
      const inputs = { history, lengths, targets, weights, negatives, step: stepNumber, ...profiles(users, count) };
      return { inputs, count };
    },
  };
}
