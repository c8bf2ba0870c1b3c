import type { Op, Value } from "../graph/graph.ts";
import { lastDimension } from "../graph/shape.ts";
import { valueCounts as reference } from "../reference/value-counts.ts";

/**
 * How many values each row holds before its padding of zeros. Computed on the host, so `ids` is an input.
 * @param ids u32 `[batch, width]`
 * @returns u32 `[batch]`
 */
export function valueCounts(ids: Value): Value {
  return ids.graph.apply(valueCountsOp, [ids], undefined)[0]!;
}

const valueCountsOp: Op<undefined> = {
  name: "valueCounts",
  host: true,
  outputs: ([ids]) => [{ shape: ids!.shape.slice(0, -1), type: "u32" }],
  gradient: () => [null],
  reference: ([ids]) => [reference(ids!.data as Uint32Array, lastDimension(ids!.shape))],
  hostKernel({ inputs: [ids] }) {
    const width = lastDimension(ids!.shape);
    return ([given], [counts]) => reference(given as Uint32Array, width, counts as Uint32Array);
  },
};
