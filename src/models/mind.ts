import type { Value } from "../graph/graph.ts";
import { interestCounts } from "../ops/interest-counts.ts";
import { type RouteOptions, route } from "../ops/route.ts";
import { initialLogits } from "../reference/initial-logits.ts";
import type { InterestRule } from "../reference/interest-counts.ts";
import { orthogonal } from "./initializers.ts";
import { hiddenLayers, withProfile } from "./layers.ts";
import type { Encode, SharedOptions } from "./model.ts";

export interface MindOptions extends SharedOptions, Required<RouteOptions> {
  /** Most interests of a user, K. */
  readonly interests: number;
  /** How the number of active interests follows from the number of behaviours. */
  readonly interestRule: InterestRule;
  /** Standard deviation of the initial routing logits. */
  readonly logitDeviation: number;
}

/** The paper's choices (CIKM 2019) where it makes one: d, K and sigma of Tmall, r = 3; L and the layers are ours. */
export const mindDefaults: MindOptions = {
  dimension: 64,
  length: 50,
  interests: 4,
  iterations: 3,
  competition: "interests",
  update: "accumulate",
  gradient: "last",
  interestRule: "log2",
  logitDeviation: 1,
  hiddenLayers: [256],
  profileDimension: 16,
  embeddingDeviation: 0.1,
  embeddingPrecision: "f32",
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
    const capsules: Value = route(items.rows(users.history), transform, users.lengths, counts, logits, options);
    return {
      interests: hiddenLayers(graph, "interests", withProfile(graph, capsules, users, options), options),
      interestCounts: counts,
    };
  };
}
