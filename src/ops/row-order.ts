import type { Op, Value } from "../graph/graph.ts";
import { elementCount, requireShapes } from "../graph/shape.ts";
import { createRowOrder } from "../reference/row-order.ts";

/** The outputs of {@link rowOrder}. */
export interface RowOrderValues {
  readonly order: Value;
  readonly rows: Value;
  readonly starts: Value;
  readonly count: Value;
}

/**
 * Groups the occurrences of ids by row, on the host, so that kernels can sum the gradient of each row in a fixed order.
 * Occurrences are numbered through the parts; id 0 is dropped; the sort is stable. N is the number of ids in all parts.
 * @param parts u32 ids `[...]` of any shapes, known on the host: inputs, constants or outputs of host ops
 * @returns `order` u32 `[N]`, occurrence numbers grouped by row, rest 0; `rows` u32 `[N]`, the ids that occur, ascending,
 * rest 0; `starts` u32 `[N + 1]`, where the occurrences of each begin; `count` u32 `[1]`, how many ids occur
 */
export function rowOrder(parts: readonly Value[]): RowOrderValues {
  const shapes = Object.fromEntries(parts.map((ids) => [ids.name, ids.shape]));
  requireShapes(parts.length > 0 && parts.every((ids) => ids.type === "u32"), "rowOrder", "u32 ids", shapes);
  const [order, rows, starts, count] = parts[0]!.graph.apply(rowOrderOp, parts, undefined);
  return { order: order!, rows: rows!, starts: starts!, count: count! };
}

const occurrencesIn = (parts: readonly Value[]) => parts.reduce((sum, ids) => sum + elementCount(ids.shape), 0);

const rowOrderOp: Op<undefined> = {
  name: "rowOrder",
  host: true,
  outputs(parts) {
    const occurrences = occurrencesIn(parts);
    const sizes = [occurrences, occurrences, occurrences + 1, 1];
    return sizes.map((size) => ({ shape: [size], type: "u32" }) as const);
  },
  reference(parts) {
    const ids = parts.map(({ data }) => data as Uint32Array);
    const { order, rows, starts, count } = createRowOrder(ids.reduce((sum, { length }) => sum + length, 0))(ids);
    return [order, rows, starts, count];
  },
  hostKernel({ inputs }) {
    const sort = createRowOrder(occurrencesIn(inputs));
    return (parts, made) => {
      const [order, rows, starts, count] = made as readonly Uint32Array[];
      sort(parts as readonly Uint32Array[], { order: order!, rows: rows!, starts: starts!, count: count! });
    };
  },
};
