import { Graph, type Value } from "../graph/graph.ts";
import { type Catalogue, catalogue, normalised, unit } from "../models/catalogue.ts";
import type { EncodedUsers } from "../models/model.ts";
import { encoderOf, seesTimes, type TrainedSpec } from "../models/registry.ts";
import { type Dataset, profileInput } from "./dataset.ts";

/** A graph that makes the interests of a batch of users from `history`, `lengths` and the inputs of their profile. */
export interface UserGraph extends Omit<EncodedUsers, "items"> {
  readonly graph: Graph;
  /** u32 `[batch]`, behaviours of each user. */
  readonly lengths: Value;
  /** The items as interests score them. */
  readonly items: Catalogue;
}

/** The part that training, judging and recommending share: a model's items and the interests of `batch` users. */
export function buildUserGraph(
  spec: TrainedSpec,
  dataset: Pick<Dataset, "itemCount" | "itemFeatures" | "userFeatures" | "itemEmbeddings">,
  batch: number,
): UserGraph {
  const graph = new Graph();
  const { itemCount, itemFeatures: features, userFeatures, itemEmbeddings: pretrained } = dataset;
  const { embeddingPrecision: precision, normaliseOutputs } = spec.options;
  const embedded = catalogue(graph, { itemCount, features, pretrained, precision, ...spec.options });
  const profile = (userFeatures?.fields ?? []).map((field): { field: typeof field; ids: Value } => ({
    field,
    ids: graph.input(profileInput(field), "u32", [batch, field.width]),
  }));
  const users = {
    history: graph.input("history", "u32", [batch, spec.options.length]),
    lengths: graph.input("lengths", "u32", [batch]),
    times: seesTimes(spec) ? graph.input("times", "u32", [batch, spec.options.length]) : undefined,
    profile,
  };
  const { items = embedded, ...encoded } = encoderOf(spec)(graph, users, embedded);
  const made = { graph, lengths: users.lengths, items, ...encoded };
  return normaliseOutputs ? { ...made, items: normalised(items), interests: unit(encoded.interests) } : made;
}
