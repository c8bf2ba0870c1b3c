import { interestCounts } from "../ops/interest-counts.ts";
import { meanPool } from "../ops/mean-pool.ts";
import { reshape } from "../ops/reshape.ts";
import { hiddenLayers, withProfile } from "./layers.ts";
import type { Encode, SharedOptions } from "./model.ts";

export const youtubeDnnDefaults: SharedOptions = {
  dimension: 64,
  length: 50,
  hiddenLayers: [256],
  profileDimension: 16,
  embeddingDeviation: 0.1,
  embeddingPrecision: "f32",
  inputEmbeddings: "tied",
  normaliseOutputs: false,
  seed: 1,
};

/** The baseline (YouTube DNN, RecSys 2016): the mean of the behaviours, joined with the profile, through the same layers as MIND. */
export function youtubeDnn(options: SharedOptions): Encode {
  return (graph, users, items) => {
    const pooled = meanPool(items.behaviours(users.history), users.lengths);
    const vector = hiddenLayers(graph, "interests", withProfile(graph, pooled, users, options), options);
    return {
      interests: reshape(vector, [users.lengths.shape[0]!, 1, options.dimension]),
      interestCounts: interestCounts(users.lengths, 1),
    };
  };
}
