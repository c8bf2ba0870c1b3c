import { gather } from "../ops/gather.ts";
import { interestCounts } from "../ops/interest-counts.ts";
import { meanPool } from "../ops/mean-pool.ts";
import { reshape } from "../ops/reshape.ts";
import { embeddings } from "./initializers.ts";
import { commonDefaults, type Encode, type SharedOptions } from "./model.ts";
import { type OrderOptions, scaledByOrder } from "./order.ts";

/** With positions or times, what every behaviour says of each latent vector is multiplied by their vectors before it is summed. */
export interface MaxmfOptions
  extends Omit<SharedOptions, "hiddenLayers" | "profileDimension" | "inputEmbeddings">,
    OrderOptions {
  /** Latent vectors of every user, K. */
  readonly interests: number;
}

/** K and d of the other multi-interest models; L is ours. The paper compares K from 2 to 10. */
export const maxmfDefaults: MaxmfOptions = {
  ...commonDefaults,
  interests: 4,
  positions: "none",
  times: "none",
};

/**
 * MaxMF (Weston, Weiss and Yee, RecSys 2013): several latent vectors for each user, u_1 to u_K, score(u, item) = max_j u_j . e_item.
 * The paper learns a table of user ids. Here vector j is the mean over the behaviours of what each item says of it in a table of its
 * own, u_j = mean_i P_j[item_i], as item-based factorisation (FISM, KDD 2013) does for one vector: new users and users with new
 * behaviours are served, and the same history always gives the same vectors.
 *
 * Vectors of order are K d wide, one factor for every element that a behaviour has in the table: each latent vector learns for
 * itself which places and times count, so that one can be of the latest behaviours and another of all.
 */
export function maxmf(options: MaxmfOptions): Encode {
  return (graph, users, items) => {
    const { dimension, interests, embeddingDeviation, embeddingPrecision: precision, seed } = options;
    const name = "interests.embedding";
    const shape = [items.count + 1, interests * dimension];
    const table = graph.parameter(name, shape, embeddings(embeddingDeviation, { seed, name }), { precision });
    const order = { ...options, dimension: interests * dimension };
    const rows = scaledByOrder(graph, "interests", gather(table, users.history), users, order);
    const pooled = meanPool(rows, users.lengths);
    return {
      interests: reshape(pooled, [users.lengths.shape[0]!, interests, dimension]),
      interestCounts: interestCounts(users.lengths, interests, "fixed"),
    };
  };
}
