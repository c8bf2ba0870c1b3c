import { interestCounts } from "../ops/interest-counts.ts";
import { meanPool } from "../ops/mean-pool.ts";
import { reshape } from "../ops/reshape.ts";
import { hiddenLayers, withProfile } from "./layers.ts";
import { type Encode, type SharedOptions, sharedDefaults } from "./model.ts";

export const youtubeDnnDefaults: SharedOptions = sharedDefaults;

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
