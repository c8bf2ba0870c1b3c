import type { Graph, Initializer, Value } from "../graph/graph.ts";
import { lastDimension } from "../graph/shape.ts";
import { concat } from "../ops/concat.ts";
import { gather } from "../ops/gather.ts";
import { interestCounts } from "../ops/interest-counts.ts";
import { latest } from "../ops/latest.ts";
import { linear } from "../ops/linear.ts";
import { meanPool } from "../ops/mean-pool.ts";
import { placeSums } from "../ops/place-sums.ts";
import { reshape } from "../ops/reshape.ts";
import { valueCounts } from "../ops/value-counts.ts";
import type { Catalogue } from "./catalogue.ts";
import { embeddings, glorot, zeros } from "./initializers.ts";
import type { EncodedUsers, SharedOptions, UserBatch } from "./model.ts";

/** Linear layers named `${name}.0`, `${name}.1`, ...: ReLU after each but the last, which is `dimension` wide (MIND, H-layers). */
export function hiddenLayers(graph: Graph, name: string, x: Value, options: SharedOptions): Value {
  const { hiddenLayers: hidden, dimension, seed } = options;
  return createLayers(graph, name, [lastDimension(x.shape), ...hidden, dimension], seed)(x);
}

/** The same layers for any number of inputs: from `widths[0]` columns to the last of the widths, with ReLU between. */
export function createLayers(graph: Graph, name: string, widths: readonly number[], seed: number): (x: Value) => Value {
  const layers = widths
    .slice(1)
    .map((width, layer) => createLayer(graph, `${name}.${layer}`, [widths[layer]!, width], seed));
  return (x) => layers.reduce((input, layer, index) => layer(input, { relu: index < layers.length - 1 }), x);
}

/** One linear layer, its parameters named `${name}.weight` and `${name}.bias`. */
export function createLayer(graph: Graph, name: string, [from, to]: readonly [number, number], seed: number): Layer {
  const weightName = `${name}.weight`;
  const weight = graph.parameter(weightName, [from, to], glorot({ seed, name: weightName }));
  const bias = graph.parameter(`${name}.bias`, [1, to], zeros);
  return (x, options) => linear(x, weight, bias, options);
}

type Layer = (x: Value, options?: { readonly relu?: boolean }) => Value;

/** One vector for each user, joined with the profile, through the hidden layers: the only interest of a single-vector model. */
export function oneInterest(graph: Graph, x: Value, users: UserBatch, options: SharedOptions): EncodedUsers {
  const vector = hiddenLayers(graph, "interests", withProfile(graph, x, users, options), options);
  return {
    interests: reshape(vector, [users.lengths.shape[0]!, 1, options.dimension]),
    interestCounts: interestCounts(users.lengths, 1),
  };
}

/** Appends the user's profile, one embedding for each field (the mean of a field's values), to every row of `x`. */
export function withProfile(graph: Graph, x: Value, { profile }: UserBatch, options: SharedOptions): Value {
  if (profile.length === 0) return x;
  const features = profile.reduce((last, { field }) => Math.max(last, field.firstFeature + field.values.length - 1), 0);
  const name = "profile.embedding";
  const table = graph.parameter(
    name,
    [features + 1, options.profileDimension],
    embeddings(options.embeddingDeviation, { seed: options.seed, name }),
  );
  const fields = profile.map(({ ids }) => meanPool(gather(table, ids), valueCounts(ids)));
  return concat(
    x,
    fields.reduce((joined, field) => concat(joined, field)),
  );
}

/** Places after which a behaviour first counts half as much, in the sum of the first and of the last interest. */
const halfLives = [0.75, 20] as const;

type RecentOptions = Pick<SharedOptions, "dimension" | "length"> & { readonly recentBehaviours: number };

/**
 * Appends to every interest a sum of the user's latest behaviours, newest first, in which each place counts, column by column, as
 * `recent.weight` has learned. The sums of a user's interests begin with different half-lives, from the very latest to all that are
 * seen, so that interests differ from the start.
 * @param x `[batch, interests, h]`
 */
export function withRecent(
  graph: Graph,
  x: Value,
  users: UserBatch,
  items: Catalogue,
  { recentBehaviours, dimension, length }: RecentOptions,
): Value {
  const count = Math.min(recentBehaviours, length);
  if (count === 0) return x;
  const rows = items.behaviours(latest(users.history, users.lengths, count));
  return placeSums(rows, graph.parameter("recent.weight", [x.shape[1]!, count, dimension], fading), x);
}

/** Weighted means whose weights fall by half in a number of places that grows from sum to sum, by equal factors. */
const fading: Initializer = ([sums, places, columns]) => {
  const [shortest, longest] = halfLives;
  return Float32Array.from({ length: sums! * places! * columns! }, (_, i) => {
    const sum = Math.floor(i / (places! * columns!));
    const share = sums === 1 ? 0.5 : sum / (sums! - 1);
    const rate = 2 ** (-1 / (shortest * (longest / shortest) ** share));
    return (1 - rate) * rate ** (Math.floor(i / columns!) % places!);
  });
};
