import { gradients } from "../autograd.ts";
import { countSamples } from "../data/batches.ts";
import type { NegativeSampler } from "../data/negatives.ts";
import { fail } from "../errors.ts";
import { type Node, trainableParameters, type Value } from "../graph/graph.ts";
import type { TrainedSpec } from "../models/registry.ts";
import { add } from "../ops/add.ts";
import { fullSoftmax, listSoftmax, sampledSoftmax } from "../ops/sampled-softmax.ts";
import { batchCandidates, listedCandidates } from "./batch-candidates.ts";
import { buildUserGraph } from "./encoded-users.ts";
import { adam } from "./optimizers.ts";
import type { TrainingOptions } from "./options.ts";
import { decorrelationOf, penalties } from "./penalties.ts";
import type { TrainingData } from "./steps.ts";

/** A training step as a graph: run it with `history`, `lengths`, `targets`, `weights`, `step`, with `negatives` and the profile. */
export interface Objective {
  readonly loss: Value;
  readonly updates: readonly Node[];
  /** There for sampled softmax whose negatives are drawn. */
  readonly sampler?: NegativeSampler;
}

export function buildObjective(spec: TrainedSpec, dataset: TrainingData, options: TrainingOptions): Objective {
  const { batch, temperature, scoring, hardNegativesBeta: hardness, negativeSampling } = options;
  const { itemCounts, itemFeatures } = dataset;
  const { train } = dataset.split;
  const listed = negativeSampling === "listed";
  const users = buildUserGraph(spec, dataset, batch);
  const { graph, items, interests, interestCounts } = users;
  const targetIds = graph.input("targets", "u32", [batch]);
  const weights = graph.input("weights", "f32", [batch]);
  const shared = {
    interests,
    interestCounts,
    targetIds,
    weights,
    temperature,
    scoring,
    decorrelation: decorrelationOf(spec, options),
    attention: { mode: options.attention, scale: options.attentionScale, power: options.attentionPower },
  };
  let loss: Value;
  let sampler: NegativeSampler | undefined;
  if (options.loss === "full") {
    if (itemFeatures) fail("train: expected sampled loss where items have features, got full; use --loss sampled");
    if (hardness > 0)
      fail(
        `train: expected sampled loss for --hard-negatives-beta ${hardness}, got full, whose negatives are all items; leave one out`,
      );
    if (listed)
      fail(
        "train: expected sampled loss for --negative-sampling listed, got full, whose negatives are all items; leave one out",
      );
    loss = fullSoftmax({ ...shared, positive: items.rows(targetIds), table: items.all() });
  } else if (negativeSampling === "listed") {
    loss = listSoftmax({ ...shared, ...listedCandidates(items, targetIds, train, options), hardness });
  } else {
    const candidates = batchCandidates(items, targetIds, itemCounts, { ...options, negativeSampling });
    sampler = candidates.sampler;
    loss = sampledSoftmax({ ...shared, ...candidates, hardness });
  }
  loss = penalties(spec, users, weights, options).reduce(add, loss);
  const step = graph.input("step", "u32", [1]);
  const stepsPerEpoch = Math.ceil(countSamples(train, { listed }) / batch);
  const updates = adam(gradients(loss, trainableParameters(graph)), {
    step,
    rate: options.rate,
    halfLife: options.rateHalfLife > 0 ? options.rateHalfLife * stepsPerEpoch : undefined,
  });
  return { loss, updates, sampler };
}
