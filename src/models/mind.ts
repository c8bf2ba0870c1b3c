import { interestCounts } from "../ops/interest-counts.ts";
import { multiply } from "../ops/multiply.ts";
import { type RouteOptions, route } from "../ops/route.ts";
import { initialLogits } from "../reference/initial-logits.ts";
import type { InterestRule } from "../reference/interest-counts.ts";
import { decaying, orthogonal, zeros } from "./initializers.ts";
import { hiddenLayers, withProfile } from "./layers.ts";
import type { Encode, SharedOptions } from "./model.ts";
import { type OrderOptions, orderVectors } from "./order.ts";

/** With positions or times, every behaviour is multiplied by their vectors before it is routed. */
export interface MindOptions extends SharedOptions, Required<RouteOptions>, OrderOptions {
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
  similarity: "dot",
  similarityScale: 20,
  activation: "squash",
  squashPower: 1,
  assignment: "soft",
  interestRule: "log2",
  logitDeviation: 1,
  positions: "none",
  times: "none",
  hiddenLayers: [256],
  profileDimension: 16,
  embeddingDeviation: 0.1,
  embeddingPrecision: "f32",
  normaliseOutputs: false,
  seed: 1,
};

/** What a behaviour first counts beside the one after it. On ml-1m, where the latest say most, it shortens the way to what is learned. */
const positionDecay = 0.8;

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
    const rows = items.rows(users.history);
    const gains = orderVectors(graph, "routing", users, options, {
      positions: decaying(positionDecay),
      times: options.positions === "none" ? decaying(1) : zeros,
    });
    const capsules = route(gains ? multiply(rows, gains) : rows, transform, users.lengths, counts, logits, options);
    return {
      interests: hiddenLayers(graph, "interests", withProfile(graph, capsules, users, options), options),
      interestCounts: counts,
    };
  };
}
