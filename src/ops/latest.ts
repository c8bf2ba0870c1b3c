import type { Op, Value } from "../graph/graph.ts";
import { requireShapes, sameShape } from "../graph/shape.ts";
import { latest as reference } from "../reference/latest.ts";

/**
 * The latest behaviours of each user, newest first. Computed on the host, so both are inputs.
 * @param history u32 `[batch, length]` item ids, oldest first
 * @param lengths u32 `[batch]`, how many of the first ids of each user are real
 * @returns u32 `[batch, count]`, 0 where a user has fewer
 */
export function latest(history: Value, lengths: Value, count: number): Value {
  const fits = history.shape.length === 2 && sameShape(lengths.shape, [history.shape[0]!]) && count >= 1;
  requireShapes(fits, "latest", "history [batch, length], lengths [batch] and a count of at least 1", {
    history: history.shape,
    lengths: lengths.shape,
    count: [count],
  });
  return history.graph.apply(latestOp, [history, lengths], { count })[0]!;
}

const latestOp: Op<{ readonly count: number }> = {
  name: "latest",
  host: true,
  outputs: ([history], { count }) => [{ shape: [history!.shape[0]!, count], type: "u32" }],
  gradient: () => [null, null],
  reference: ([history, lengths], { count }) => [
    reference(history!.data as Uint32Array, lengths!.data as Uint32Array, count),
  ],
  hostKernel({ attributes: { count } }) {
    return ([history, lengths], [made]) =>
      reference(history as Uint32Array, lengths as Uint32Array, count, made as Uint32Array);
  },
};
