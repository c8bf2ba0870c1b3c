import { gradients } from "../autograd.ts";
import { createNegativeSampler, type NegativeSampler } from "../data/negatives.ts";
import { fail } from "../errors.ts";
import { Graph, type Node, trainableParameters, type Value } from "../graph/graph.ts";
import { catalogue } from "../models/catalogue.ts";
import type { UserBatch } from "../models/model.ts";
import { encoderOf, type ModelSpec } from "../models/registry.ts";
import { fullSoftmax, sampledSoftmax } from "../ops/sampled-softmax.ts";
import { type Dataset, profileInput } from "./dataset.ts";
import { adam } from "./optimizers.ts";
import type { TrainingOptions } from "./options.ts";

/** A training step as a graph: run it with `history`, `lengths`, `targets`, `weights`, `step`, with `negatives` and the profile. */
export interface Objective {
  readonly loss: Value;
  readonly updates: readonly Node[];
  /** There for sampled softmax. */
  readonly sampler?: NegativeSampler;
}

/** The users of a batch as inputs of a graph. */
export function userInputs(
  graph: Graph,
  dataset: Pick<Dataset, "userFeatures">,
  batch: number,
  length: number,
): UserBatch {
  return {
    history: graph.input("history", "u32", [batch, length]),
    lengths: graph.input("lengths", "u32", [batch]),
    profile: (dataset.userFeatures?.fields ?? []).map((field) => ({
      field,
      ids: graph.input(profileInput(field), "u32", [batch, field.width]),
    })),
  };
}

export function buildObjective(spec: ModelSpec, dataset: Dataset, options: TrainingOptions): Objective {
  const { batch, temperature, scoring } = options;
  const { itemCount, itemCounts, itemFeatures } = dataset;
  const graph = new Graph();
  const items = catalogue(graph, { itemCount, features: itemFeatures, ...spec.options });
  const users = userInputs(graph, dataset, batch, spec.options.length);
  const { interests, interestCounts } = encoderOf(spec)(graph, users, items);
  const targetIds = graph.input("targets", "u32", [batch]);
  const weights = graph.input("weights", "f32", [batch]);
  const shared = {
    interests,
    interestCounts,
    targetIds,
    weights,
    temperature,
    scoring,
    positive: items.rows(targetIds),
    attention: { mode: options.attention, scale: options.attentionScale, power: options.attentionPower },
  };
  let loss: Value;
  let sampler: NegativeSampler | undefined;
  if (options.loss === "full") {
    if (itemFeatures) fail("train: expected sampled loss where items have features, got full; use --loss sampled");
    loss = fullSoftmax({ ...shared, table: items.all() });
  } else {
    const { negatives: count, negativeAlpha: alpha, seed } = options;
    sampler = createNegativeSampler(itemCounts, { alpha, seed });
    const negativeIds = graph.input("negatives", "u32", [count]);
    const expected = sampler.logProbability.map((value) => value + Math.log(count));
    const logExpected = graph.constant("negatives.logExpected", [itemCount + 1], expected);
    loss = sampledSoftmax({ ...shared, negativeIds, negatives: items.rows(negativeIds), logExpected });
  }
  const step = graph.input("step", "u32", [1]);
  const updates = adam(gradients(loss, trainableParameters(graph)), { step, rate: options.rate });
  return { loss, updates, sampler };
}
