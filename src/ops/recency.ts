import type { Op, Value } from "../graph/graph.ts";
import { recency as reference } from "../reference/recency.ts";

/**
 * Places of behaviours counted from the newest, which has 1; padding has 0. Computed on the host, so `lengths` is an input.
 * @param lengths u32 `[batch]`, behaviours of each user, at most `length`
 * @returns u32 `[batch, length]`
 */
export function recency(lengths: Value, length: number): Value {
  return lengths.graph.apply(recencyOp, [lengths], { length })[0]!;
}

const recencyOp: Op<{ readonly length: number }> = {
  name: "recency",
  host: true,
  outputs: ([lengths], { length }) => [{ shape: [lengths!.shape[0]!, length], type: "u32" }],
  gradient: () => [null],
  reference: ([lengths], { length }) => [reference(lengths!.data as Uint32Array, length)],
  hostKernel({ attributes: { length } }) {
    return ([lengths], [places]) => reference(lengths as Uint32Array, length, places as Uint32Array);
  },
};
