import type { Graph, Value } from "../graph/graph.ts";
import { lastDimension } from "../graph/shape.ts";
import { add } from "../ops/add.ts";
import { gather } from "../ops/gather.ts";
import { interestCounts } from "../ops/interest-counts.ts";
import { linear } from "../ops/linear.ts";
import { sequenceSoftmax } from "../ops/sequence-softmax.ts";
import { tanh } from "../ops/tanh.ts";
import { weightedSums } from "../ops/weighted-sums.ts";
import { embeddings, glorot, zeros } from "./initializers.ts";
import type { Encode, SharedOptions } from "./model.ts";

export interface ComirecSaOptions extends Omit<SharedOptions, "hiddenLayers" | "profileDimension"> {
  /** Interests of every user, K. */
  readonly interests: number;
  /** Width of the attention's hidden layer. */
  readonly attentionDimension: number;
  /** `"learned"`: the attention, and it alone, also sees a learned vector for each position. */
  readonly positions: "learned" | "none";
}

/** The choices of the paper (KDD 2020) and its code: d 64, K 4, d_a = 4 d, learned positions; L is ours. */
export const comirecSaDefaults: ComirecSaOptions = {
  dimension: 64,
  length: 50,
  interests: 4,
  attentionDimension: 256,
  positions: "learned",
  embeddingDeviation: 0.1,
  embeddingPrecision: "f32",
  seed: 1,
};

/**
 * ComiRec with self-attention (KDD 2020, eq. 3 and 4): A = softmax over the behaviours of W2 tanh(W1 H), interests V = A H.
 */
export function comirecSa(options: ComirecSaOptions): Encode {
  return (graph, users, items) => {
    const { interests, attentionDimension } = options;
    const rows = items.rows(users.history);
    const seen = options.positions === "learned" ? withPositions(graph, rows, options) : rows;
    const hidden = tanh(layer(graph, "attention.0", seen, attentionDimension, options));
    const weights = sequenceSoftmax(layer(graph, "attention.1", hidden, interests, options), users.lengths);
    return {
      interests: weightedSums(weights, rows),
      interestCounts: interestCounts(users.lengths, interests, "fixed"),
    };
  };
}

function layer(graph: Graph, name: string, x: Value, width: number, { seed }: ComirecSaOptions): Value {
  const weightName = `${name}.weight`;
  const weight = graph.parameter(weightName, [lastDimension(x.shape), width], glorot({ seed, name: weightName }));
  return linear(x, weight, graph.parameter(`${name}.bias`, [1, width], zeros));
}

/** Adds a learned vector for each place in the history, counted from its oldest behaviour. */
function withPositions(graph: Graph, rows: Value, { embeddingDeviation, seed }: ComirecSaOptions): Value {
  const [batch, length, dimension] = rows.shape as [number, number, number];
  const name = "attention.positions";
  const table = graph.parameter(name, [length + 1, dimension], embeddings(embeddingDeviation, { seed, name }));
  const places = Uint32Array.from({ length: batch * length }, (_, i) => 1 + (i % length));
  return add(rows, gather(table, graph.constant("attention.places", [batch, length], places)));
}
