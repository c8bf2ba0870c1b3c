import { add } from "../ops/add.ts";
import { interestCounts } from "../ops/interest-counts.ts";
import { sequenceSoftmax } from "../ops/sequence-softmax.ts";
import { tanh } from "../ops/tanh.ts";
import { weightedSums } from "../ops/weighted-sums.ts";
import { embeddings } from "./initializers.ts";
import { createLayer } from "./layers.ts";
import { commonDefaults, type Encode, type SharedOptions } from "./model.ts";
import { type OrderOptions, orderVectors } from "./order.ts";

/** With positions or times, the attention, and it alone, also sees their vectors. */
export interface ComirecSaOptions extends Omit<SharedOptions, "hiddenLayers" | "profileDimension">, OrderOptions {
  /** Interests of every user, K. */
  readonly interests: number;
  /** Width of the attention's hidden layer. */
  readonly attentionDimension: number;
}

/** The choices of the paper (KDD 2020) and its code: d 64, K 4, d_a = 4 d, learned positions; L is ours. */
export const comirecSaDefaults: ComirecSaOptions = {
  ...commonDefaults,
  interests: 4,
  attentionDimension: 256,
  positions: "learned",
  times: "none",
  inputEmbeddings: "tied",
};

/**
 * ComiRec with self-attention (KDD 2020, eq. 3 and 4): A = softmax over the behaviours of W2 tanh(W1 H), interests V = A H.
 */
export function comirecSa(options: ComirecSaOptions): Encode {
  return (graph, users, items) => {
    const { dimension, interests, attentionDimension, seed } = options;
    const rows = items.behaviours(users.history);
    const initial = (name: string) => embeddings(options.embeddingDeviation, { seed, name });
    const order = orderVectors(graph, "attention", users, options, {
      positions: initial("attention.positions"),
      times: initial("attention.times"),
    });
    const seen = order ? add(rows, order) : rows;
    const first = createLayer(graph, "attention.0", [dimension, attentionDimension], seed);
    const second = createLayer(graph, "attention.1", [attentionDimension, interests], seed);
    const weights = sequenceSoftmax(second(tanh(first(seen))), users.lengths);
    return {
      interests: weightedSums(weights, rows),
      interestCounts: interestCounts(users.lengths, interests, "fixed"),
      routingWeights: weights,
    };
  };
}
