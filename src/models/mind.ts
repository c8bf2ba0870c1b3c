import { interestCounts } from "../ops/interest-counts.ts";
import { type RouteOptions, route, routingWeights } from "../ops/route.ts";
import { initialLogits } from "../reference/initial-logits.ts";
import type { InterestRule } from "../reference/interest-counts.ts";
import { orthogonal } from "./initializers.ts";
import { hiddenLayers, withProfile, withRecent } from "./layers.ts";
import type { Encode, SharedOptions } from "./model.ts";
import { type OrderOptions, scaledByOrder } from "./order.ts";

/** With positions or times, every behaviour is multiplied by their vectors before it is routed. */
export interface MindOptions extends SharedOptions, Required<RouteOptions>, OrderOptions {
  /** Most interests of a user, K. */
  readonly interests: number;
  /** How the number of active interests follows from the number of behaviours. */
  readonly interestRule: InterestRule;
  /** Standard deviation of the initial routing logits. */
  readonly logitDeviation: number;
  /** The H-layers also see, beside each interest, a learned sum of the latest behaviours, so many at most; 0: none, as in the paper. */
  readonly recentBehaviours: number;
}

/**
 * The paper's choices (CIKM 2019) where it makes one: d, K and sigma of Tmall, r = 3; L and the layers are ours. Not the paper's: the
 * recent behaviours, without which MIND knows no order, though the latest behaviours say most of what is next.
 */
export const mindDefaults: MindOptions = {
  dimension: 64,
  length: 50,
  interests: 4,
  iterations: 3,
  competition: "interests",
  update: "accumulate",
  gradient: "last",
  similarity: "dot",
  similarityScale: 20,
  activation: "squash",
  squashPower: 1,
  assignment: "soft",
  interestRule: "log2",
  logitDeviation: 1,
  positions: "none",
  times: "none",
  recentBehaviours: 20,
  hiddenLayers: [256],
  profileDimension: 16,
  embeddingDeviation: 0.1,
  embeddingPrecision: "f32",
  inputEmbeddings: "tied",
  normaliseOutputs: false,
  seed: 1,
};

/** MIND: behaviours are routed to interests, joined with the profile and passed through the H-layers. */
export function mind(options: MindOptions): Encode {
  return (graph, users, items) => {
    const { dimension, interests, length, logitDeviation, seed } = options;
    const name = "routing.transform";
    const transform = graph.parameter(name, [dimension, dimension], orthogonal({ seed, name }));
    const logits = graph.constant(
      "routing.logits",
      [length, interests],
      initialLogits(length, interests, { deviation: logitDeviation, seed }),
    );
    const counts = interestCounts(users.lengths, interests, options.interestRule);
    const rows = scaledByOrder(graph, items.behaviours(users.history), users, options);
    const capsules = route(rows, transform, users.lengths, counts, logits, options);
    const joined = withRecent(graph, capsules, users, items, options);
    return {
      interests: hiddenLayers(graph, "interests", withProfile(graph, joined, users, options), options),
      interestCounts: counts,
      routingWeights: options.gradient === "all" ? routingWeights(capsules) : undefined,
    };
  };
}
