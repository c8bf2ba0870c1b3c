import type { Initializer } from "../graph/graph.ts";
import { interestCounts } from "../ops/interest-counts.ts";
import { positionTransform } from "../ops/position-transform.ts";
import { routeVotes } from "../ops/route-votes.ts";
import { normal } from "./initializers.ts";
import { commonDefaults, type Encode, type SharedOptions } from "./model.ts";
import { type OrderOptions, scaledByOrder } from "./order.ts";

/** With positions or times, every behaviour is multiplied by their vectors before it votes. */
export interface ComirecDrOptions extends Omit<SharedOptions, "hiddenLayers" | "profileDimension">, OrderOptions {
  /** Interests of every user, K. */
  readonly interests: number;
  /** Routing iterations. */
  readonly iterations: number;
  /** Standard deviation of the first maps from behaviours to votes. */
  readonly transformDeviation: number;
  /** `"shared"`: every place begins with the same maps, and training tells them apart; `"own"`: each with its own, as in the code. */
  readonly transformStart: "shared" | "own";
}

/**
 * The choices of the paper (KDD 2020) and its code: d 64, K 4, three iterations; L is ours, and so is how the maps begin. In the code
 * each place has its own ones of deviation 1, so that an item means something else at each place until training has seen it there.
 */
export const comirecDrDefaults: ComirecDrOptions = {
  ...commonDefaults,
  interests: 4,
  iterations: 3,
  transformDeviation: 0.25,
  transformStart: "shared",
  positions: "none",
  times: "none",
  inputEmbeddings: "tied",
};

/**
 * ComiRec with dynamic routing (KDD 2020, eq. 1 and algorithm 1, and its code): behaviour i votes for interest j by W_ij e_i, with a
 * map for each place in the history, counted from its oldest behaviour; logits start at zero, so only the maps tell interests apart.
 */
export function comirecDr(options: ComirecDrOptions): Encode {
  return (graph, users, items) => {
    const { dimension, length, interests, iterations, transformDeviation, transformStart, seed } = options;
    const name = "routing.transform";
    const first = normal(transformDeviation, { seed, name });
    const maps = graph.parameter(
      name,
      [length, dimension, interests * dimension],
      transformStart === "shared" ? repeated(first) : first,
    );
    const rows = scaledByOrder(graph, "routing", items.behaviours(users.history), users, options);
    const votes = positionTransform(rows, maps);
    return {
      interests: routeVotes(votes, users.lengths, { interests, iterations }),
      interestCounts: interestCounts(users.lengths, interests, "fixed"),
    };
  };
}

/** The same first content for each of the outermost dimension's parts. */
function repeated(fill: Initializer): Initializer {
  return ([count, ...shape]) => {
    const part = fill(shape);
    const all = new Float32Array(count! * part.length);
    for (let i = 0; i < count!; i++) all.set(part, i * part.length);
    return all;
  };
}
