import type { Graph, Value } from "../graph/graph.ts";
import { lastDimension } from "../graph/shape.ts";
import { concat } from "../ops/concat.ts";
import { gather } from "../ops/gather.ts";
import { latest } from "../ops/latest.ts";
import { linear } from "../ops/linear.ts";
import { meanPool } from "../ops/mean-pool.ts";
import { multiply } from "../ops/multiply.ts";
import { reshape } from "../ops/reshape.ts";
import { valueCounts } from "../ops/value-counts.ts";
import { weightedSums } from "../ops/weighted-sums.ts";
import type { Catalogue } from "./catalogue.ts";
import { decaying, embeddings, glorot, zeros } from "./initializers.ts";
import type { SharedOptions, UserBatch } from "./model.ts";

/** Linear layers named `${name}.0`, `${name}.1`, ...: ReLU after each but the last, which is `dimension` wide (MIND, H-layers). */
export function hiddenLayers(graph: Graph, name: string, x: Value, options: SharedOptions): Value {
  const widths = [...options.hiddenLayers, options.dimension];
  return widths.reduce((input, width, layer) => {
    const weightName = `${name}.${layer}.weight`;
    const weight = graph.parameter(
      weightName,
      [lastDimension(input.shape), width],
      glorot({ seed: options.seed, name: weightName }),
    );
    const bias = graph.parameter(`${name}.${layer}.bias`, [1, width], zeros);
    return linear(input, weight, bias, { relu: layer < widths.length - 1 });
  }, x);
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

/** What a recent behaviour first counts in the sum of the recent ones beside the one after it, and the newest in it. */
const recentDecay = 0.8;
const newestShare = 0.2;

/**
 * Appends to every row of `x` the sum of the user's latest behaviours, each multiplied, column by column, by what its place from the
 * newest has learned, `recent.filter`.
 */
export function withRecent(
  graph: Graph,
  x: Value,
  users: UserBatch,
  items: Catalogue,
  { recentBehaviours: count, dimension }: { readonly recentBehaviours: number; readonly dimension: number },
): Value {
  if (count === 0) return x;
  const batch = users.lengths.shape[0]!;
  const rows = items.behaviours(latest(users.history, users.lengths, count));
  const filter = graph.parameter("recent.filter", [count + 1, dimension], decaying(recentDecay, newestShare));
  const places = Uint32Array.from({ length: batch * count }, (_, i) => 1 + (i % count));
  const filtered = multiply(rows, gather(filter, graph.constant("recent.places", [batch, count], places)));
  const ones = graph.constant("recent.ones", [batch, count, 1], new Float32Array(batch * count).fill(1));
  return concat(x, reshape(weightedSums(ones, filtered), [batch, dimension]));
}
