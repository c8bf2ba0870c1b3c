import type { FeatureField } from "../data/features.ts";
import type { Graph, Value } from "../graph/graph.ts";
import type { Precision } from "../graph/shape.ts";
import type { Catalogue, InputEmbeddings } from "./catalogue.ts";

/** The users of one batch, as values of a graph. */
export interface UserBatch {
  /** u32 `[batch, length]` item ids, oldest first, 0 after the last. */
  readonly history: Value;
  /** u32 `[batch]` */
  readonly lengths: Value;
  /** u32 `[batch, length]` buckets of the time from each behaviour to the newest, 0 for padding; there for models with `times`. */
  readonly times?: Value | undefined;
  /** u32 `[batch, width]` feature ids for each field of the user profile. */
  readonly profile: readonly { readonly field: FeatureField; readonly ids: Value }[];
}

/** What a model makes of its users. */
export interface EncodedUsers {
  /** `[batch, interests, dimension]`; 0 for inactive interests. */
  readonly interests: Value;
  /** u32 `[batch]` */
  readonly interestCounts: Value;
  /** By what weights behaviours make up interests, `[batch, length, interests]`; there where gradients flow through them. */
  readonly routingWeights?: Value | undefined;
  /** The items as the interests score them, of models with an item tower; default: by their embeddings. */
  readonly items?: Catalogue | undefined;
}

/** Composes ops: from users to their interest vectors, in the space of the item vectors that score them. */
export type Encode = (graph: Graph, users: UserBatch, items: Catalogue) => EncodedUsers;

/** What all models share. */
export interface SharedOptions {
  /** Width of item vectors and interests, d. */
  readonly dimension: number;
  /** Behaviours that a model sees of a user, the latest ones, L. */
  readonly length: number;
  /** Standard deviation of the first embeddings. */
  readonly embeddingDeviation: number;
  /** How the item embeddings are stored: `"f16"` takes half the bytes; all is computed in float32. */
  readonly embeddingPrecision: Precision;
  /** Whether behaviours have the embeddings of the items that are scored, or `"separate"` ones, or `"frozen"` ones. */
  readonly inputEmbeddings: InputEmbeddings;
  /** Whether interests and item vectors are scored by their cosine, wherever they are: in training, judging and serving. */
  readonly normaliseOutputs: boolean;
  /** Widths of the hidden layers after the interests; `[]` leaves one linear layer. */
  readonly hiddenLayers: readonly number[];
  /** Width of each embedding of the user profile. */
  readonly profileDimension: number;
  readonly seed: number;
}

/** What every trained model begins with: d of Tmall in the MIND paper; L is ours. */
export const commonDefaults = {
  dimension: 64,
  length: 50,
  embeddingDeviation: 0.1,
  embeddingPrecision: "f32",
  normaliseOutputs: false,
  seed: 1,
} as const;

/** What models with layers and a profile begin with; the widths are ours. */
export const sharedDefaults: SharedOptions = {
  ...commonDefaults,
  inputEmbeddings: "tied",
  hiddenLayers: [256],
  profileDimension: 16,
};
