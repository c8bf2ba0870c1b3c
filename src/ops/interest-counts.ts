import type { Op, Value } from "../graph/graph.ts";
import { type InterestRule, interestCounts as reference } from "../reference/interest-counts.ts";

/**
 * How many interests of each user are active: `clamp(floor(log2(n)), 1, interests)`, or another rule; 0 where n is 0.
 * Computed on the host, so `lengths` is an input.
 * @param lengths u32 `[batch]`, behaviours of each user
 * @returns u32 `[batch]`
 */
export function interestCounts(lengths: Value, interests: number, rule: InterestRule = "log2"): Value {
  return lengths.graph.apply(interestCountsOp, [lengths], { interests, rule })[0]!;
}

const interestCountsOp: Op<{ readonly interests: number; readonly rule: InterestRule }> = {
  name: "interestCounts",
  host: true,
  outputs: ([lengths]) => [{ shape: lengths!.shape, type: "u32" }],
  gradient: () => [null],
  reference: ([lengths], { interests, rule }) => [reference(lengths!.data as Uint32Array, interests, rule)],
  hostKernel({ attributes: { interests, rule } }) {
    return ([lengths], [counts]) => reference(lengths as Uint32Array, interests, rule, counts as Uint32Array);
  },
};
