import type { Graph, Value } from "../graph/graph.ts";
import { initialCapsules } from "../ops/initial-capsules.ts";
import { interestCounts } from "../ops/interest-counts.ts";
import { type RouteOptions, route, routingWeights } from "../ops/route.ts";
import { initialLogits } from "../reference/initial-logits.ts";
import type { InterestRule } from "../reference/interest-counts.ts";
import { orthogonal } from "./initializers.ts";
import { hiddenLayers, withProfile, withRecent } from "./layers.ts";
import { type Encode, type SharedOptions, sharedDefaults, type UserBatch } from "./model.ts";
import { type OrderOptions, scaledByOrder } from "./order.ts";

/** With positions or times, every behaviour is multiplied by their vectors before it is routed. */
export interface MindOptions extends SharedOptions, Required<RouteOptions>, OrderOptions {
  /** Most interests of a user, K. */
  readonly interests: number;
  /** How the number of active interests follows from the number of behaviours. */
  readonly interestRule: InterestRule;
  /** What capsules are sums of: behaviours mapped by the trained S (`"bilinear"`, the paper), or as they are. */
  readonly transform: "bilinear" | "none";
  /**
   * What routing starts from: `"gaussian"` logits (the paper); behaviours far from each other, `"max-min"`; or central ones that are
   * not alike, `"markov"`, whose number is then that of the active interests, at most K.
   */
  readonly initial: "gaussian" | "max-min" | "markov";
  /** Standard deviation of the initial routing logits of gaussian. */
  readonly logitDeviation: number;
  /** tau of markov: behaviours lead to others by exp(cos / tau). */
  readonly markovTemperature: number;
  /** The cosine above which behaviours are alike to markov. */
  readonly markovThreshold: number;
  /** The H-layers also see, beside each interest, a learned sum of the latest behaviours, so many at most; 0: none, as in the paper. */
  readonly recentBehaviours: number;
}

/**
 * The paper's choices (CIKM 2019) where it makes one: d, K and sigma of Tmall, r = 3; L and the layers are ours. Not the paper's: the
 * recent behaviours, without which MIND knows no order, though the latest behaviours say most of what is next.
 */
export const mindDefaults: MindOptions = {
  ...sharedDefaults,
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
  transform: "bilinear",
  initial: "gaussian",
  logitDeviation: 1,
  markovTemperature: 0.1,
  markovThreshold: 0.5,
  positions: "none",
  times: "none",
  recentBehaviours: 20,
};

/**
 * MIND as it is used for short videos: behaviours are clustered by their directions, from behaviours that the history itself offers,
 * and keep embeddings that do not change while those of the scored items train. Load pretrained ones where there are any.
 */
export const mindShortVideoDefaults: MindOptions = {
  ...mindDefaults,
  interests: 8,
  update: "overwrite",
  activation: "l2",
  assignment: "hard",
  transform: "none",
  initial: "markov",
  recentBehaviours: 0,
  inputEmbeddings: "frozen",
};

/** MIND: behaviours are routed to interests, joined with the profile and passed through the H-layers. */
export function mind(options: MindOptions): Encode {
  return (graph, users, items) => {
    const rows = scaledByOrder(graph, "routing", items.behaviours(users.history), users, options);
    const { start, interestCounts: counts } = routingStart(graph, rows, users, options);
    const capsules = route(rows, transformOf(graph, options), users.lengths, counts, start, options);
    const joined = withRecent(graph, capsules, users, items, options);
    return {
      interests: hiddenLayers(graph, "interests", withProfile(graph, joined, users, options), options),
      interestCounts: counts,
      routingWeights: options.gradient === "all" ? routingWeights(capsules) : undefined,
    };
  };
}

/** S, where there is one. */
function transformOf(graph: Graph, { transform, dimension, seed }: MindOptions): Value | null {
  const name = "routing.transform";
  return transform === "none" ? null : graph.parameter(name, [dimension, dimension], orthogonal({ seed, name }));
}

/** What routing starts from, and how many interests are active. */
function routingStart(graph: Graph, rows: Value, { lengths }: UserBatch, options: MindOptions) {
  const { interests, length, initial, interestRule, logitDeviation: deviation, seed } = options;
  if (initial === "gaussian") {
    const logits = initialLogits(length, interests, { deviation, seed });
    const start = graph.constant("routing.logits", [length, interests], logits);
    return { start, interestCounts: interestCounts(lengths, interests, interestRule) };
  }
  const limits = interestCounts(lengths, interests, initial === "markov" ? "fixed" : interestRule);
  const { markovTemperature: temperature, markovThreshold: threshold } = options;
  const rule = { interests, method: initial, temperature, threshold, seed };
  const { capsules: start, interestCounts: counts } = initialCapsules(rows, lengths, limits, rule);
  return { start, interestCounts: counts };
}
