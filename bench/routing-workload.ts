import type { Feed, Sizes, Work } from "./kernel-benchmark.ts";
import { behaviourCounts, counts, floats, sum, uniform } from "./numbers.ts";

type RoutingSizes = Pick<Sizes, "batch" | "length" | "dimension" | "interests" | "iterations">;

/** The inputs that every engine of the comparison gets; all interests are active. */
export function routingFeeds({ batch, length, dimension, interests }: RoutingSizes) {
  const byInterest = uniform(interests * length, 3);
  const logits = new Float32Array(length * interests);
  for (let i = 0; i < logits.length; i++) logits[i] = byInterest[(i % interests) * length + Math.floor(i / interests)]!;
  return {
    behaviours: floats([batch, length, dimension], 1),
    transform: floats([dimension, dimension], 2, 0.1),
    lengths: { shape: [batch], data: behaviourCounts(batch, length) },
    interestCounts: counts(batch, interests),
    logits: { shape: [length, interests], data: logits },
  } satisfies Record<string, Feed>;
}

/** The gradient of the loss for the interests, `[batch, interests, dimension]`. */
export const routingUpstream = ({ batch, interests, dimension }: RoutingSizes): Feed =>
  floats([batch, interests, dimension], 4);

/**
 * Flops and bytes that routing needs at least, in the reassociated order (README, ops) and for the behaviours that are there:
 * per user two products with the behaviours an iteration but the last, which needs one, and one with the d x d map.
 */
export function routingWork({ batch, length, dimension: d, interests: k, iterations }: RoutingSizes) {
  const behaviours = sum(behaviourCounts(batch, length));
  const maps = 2 * batch * k * d * d;
  const sums = 2 * behaviours * k * d;
  const forward: Work = {
    flops: (2 * iterations - 1) * sums + iterations * maps + 2 * d ** 3,
    bytes: 4 * (behaviours * d + d * d + batch * k * d),
  };
  const backward: Work = {
    flops: sums + 2 * maps,
    bytes: 4 * (behaviours * k + 3 * batch * k * d + 2 * d * d + batch * length * d),
  };
  const both: Work = {
    flops: forward.flops + backward.flops,
    bytes: 4 * (behaviours * d + 2 * d * d + 2 * batch * k * d + batch * length * d),
  };
  return { forward, backward, both };
}
