import { timeBucketCount } from "../data/time-buckets.ts";
import { fail } from "../errors.ts";
import type { Graph, Initializer, Value } from "../graph/graph.ts";
import { add } from "../ops/add.ts";
import { gather } from "../ops/gather.ts";
import { multiply } from "../ops/multiply.ts";
import { recency } from "../ops/recency.ts";
import { decaying, zeros } from "./initializers.ts";
import type { UserBatch } from "./model.ts";

/** What a model sees of when behaviours were, beside what they were. */
export interface OrderOptions {
  /** A learned vector for each place in the history: `"learned"` counts places from the oldest behaviour, `"recent"` from the newest. */
  readonly positions: "none" | "learned" | "recent";
  /** `"learned"`: a learned vector for each bucket of the time from a behaviour to the newest, by powers of two. */
  readonly times: "none" | "learned";
}

/** How the vectors begin. */
export interface OrderInitializers {
  readonly positions: Initializer;
  readonly times: Initializer;
}

/**
 * The vectors of a batch's behaviours, `[batch, length, dimension]`: that of the place and that of the time, added up;
 * undefined where the model sees neither. Their tables are named `${name}.positions` and `${name}.times`.
 */
export function orderVectors(
  graph: Graph,
  name: string,
  users: UserBatch,
  { positions, times, dimension }: OrderOptions & { readonly dimension: number },
  initial: OrderInitializers,
): Value | undefined {
  const [batch, length] = users.history.shape as [number, number];
  const vectors: Value[] = [];
  if (positions !== "none") {
    const table = graph.parameter(`${name}.positions`, [length + 1, dimension], initial.positions);
    const fromOldest = () => Uint32Array.from({ length: batch * length }, (_, i) => 1 + (i % length));
    const places =
      positions === "recent"
        ? recency(users.lengths, length)
        : graph.constant(`${name}.places`, [batch, length], fromOldest());
    vectors.push(gather(table, places));
  }
  if (times !== "none") {
    const table = graph.parameter(`${name}.times`, [timeBucketCount + 1, dimension], initial.times);
    vectors.push(gather(table, users.times ?? fail("model: expected an input of times with the times option")));
  }
  return vectors.length === 0 ? undefined : vectors.reduce(add);
}

/** What a behaviour first counts beside the one after it. On ml-1m, where the latest say most, it shortens the way to what is learned. */
const positionDecay = 0.8;

/** Rows of behaviours `[batch, length, dimension]` multiplied, column by column, by their vectors of {@link orderVectors}. */
export function scaledByOrder(
  graph: Graph,
  name: string,
  rows: Value,
  users: UserBatch,
  options: OrderOptions & { readonly dimension: number },
): Value {
  const gains = orderVectors(graph, name, users, options, {
    positions: options.positions === "recent" ? decaying(positionDecay) : decaying(1),
    times: options.positions === "none" ? decaying(1) : zeros,
  });
  return gains ? multiply(rows, gains) : rows;
}
