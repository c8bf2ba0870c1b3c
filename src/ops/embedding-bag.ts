import shader from "../../shaders/embedding_bag.wgsl";
import backwardShader from "../../shaders/embedding_bag_backward.wgsl";
import { read, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { elementCount, lastDimension, requireShapes, rowCount } from "../graph/shape.ts";
import { inWindow, rowWindows } from "../graph/windows.ts";
import * as reference from "../reference/embedding-bag.ts";
import { halfOf, lookups, rowLanes } from "./gather.ts";

/**
 * Looks up items that are described by several features: the mean of the embeddings of each item's features.
 * Id 0, and an item without features, gives a zero row. The gradient of the table is given by rows; it needs the ids to be
 * known on the host. A table of several windows is summed window by window, each in the order of the members.
 * @param table embeddings of the features, `[F + 1, d]`, float32 numbers or halves
 * @param members u32 `[V + 1, m]`, the feature ids of each item; 0 = absent
 * @param ids u32 `[...]`, each at most V
 * @returns `[..., d]`
 */
export function embeddingBag(table: Value, members: Value, ids: Value): Value {
  const fits = table.type !== "u32" && table.shape.length === 2 && fitsMembers(members, ids);
  requireShapes(fits, "embeddingBag", "a table [F + 1, d], u32 members [V + 1, m] and u32 ids [...]", {
    table: table.shape,
    members: members.shape,
    ids: ids.shape,
  });
  return table.graph.apply(embeddingBagOp, [table, members, ids], undefined)[0]!;
}

const fitsMembers = (members: Value, ids: Value) =>
  members.type === "u32" && members.shape.length === 2 && ids.type === "u32" && ids.shape.length >= 1;
const floats = (tensor: Tensor) => tensor.data as Float64Array;
const integers = (tensor: Tensor) => tensor.data as Uint32Array;

const embeddingBagOp: Op<undefined> = {
  name: "embeddingBag",
  halves: [0],
  outputs: ([table, , ids]) => [{ shape: [...ids!.shape, lastDimension(table!.shape)] }],
  gradient({ inputs: [, members, ids] }, [upstream]) {
    const { expanded, share } = expandMembers(members!, ids!);
    return [{ parts: [{ ids: expanded, rows: embeddingBagBackward(upstream!, share) }] }, null, null];
  },
  reference: ([table, members, ids]) => [
    reference.embeddingBag(
      floats(table!),
      integers(members!),
      integers(ids!),
      lastDimension(members!.shape),
      lastDimension(table!.shape),
    ),
  ],
  kernels({ inputs: [table, members, ids], outputs: [out] }, target) {
    const windows = rowWindows(table!, target);
    return lookups(ids!, out!, target).flatMap(({ params, workgroups, ...rows }) =>
      rowWindows(members!, target).flatMap((items) =>
        windows.map((window, w) => ({
          shader,
          constants: halfOf(table!),
          params: {
            ...params,
            width: u32(lastDimension(members!.shape)),
            firstItem: u32(items.first),
            items: u32(items.count),
            first: u32(window.first),
            count: u32(window.count),
            last: u32(w === windows.length - 1 ? 1 : 0),
          },
          bindings: [inWindow(read(table!), window), inWindow(read(members!), items), rows.ids, rows.out],
          workgroups,
        })),
      ),
    );
  },
};

/**
 * The members of every id and the share of their mean that each is; runs on the host, before the device starts.
 * @param members u32 `[V + 1, m]`
 * @param ids u32 `[...]`
 * @returns `expanded` u32 `[..., m]` and `share` `[ids]`, 1 / members of the item or 0 without any
 */
export function expandMembers(members: Value, ids: Value): { readonly expanded: Value; readonly share: Value } {
  requireShapes(fitsMembers(members, ids), "expandMembers", "u32 members [V + 1, m] and u32 ids [...]", {
    members: members.shape,
    ids: ids.shape,
  });
  const [expanded, share] = members.graph.apply(expandMembersOp, [members, ids], undefined);
  return { expanded: expanded!, share: share! };
}

const expandMembersOp: Op<undefined> = {
  name: "expandMembers",
  host: true,
  outputs: ([members, ids]) => [
    { shape: [...ids!.shape, lastDimension(members!.shape)], type: "u32" },
    { shape: [elementCount(ids!.shape)] },
  ],
  reference([members, ids]) {
    const { expanded, share } = reference.expandMembers(
      integers(members!),
      integers(ids!),
      lastDimension(members!.shape),
    );
    return [expanded, share];
  },
  hostKernel({ inputs: [members] }) {
    const width = lastDimension(members!.shape);
    return ([of, ids], [expanded, share]) =>
      reference.writeMembers(
        of as Uint32Array,
        ids as Uint32Array,
        width,
        expanded as Uint32Array,
        share as Float32Array,
      );
  },
};

/** What each member of an item receives of the gradient `upstream [..., d]` of {@link embeddingBag}, given its `share [rows]`. */
export function embeddingBagBackward(upstream: Value, share: Value): Value {
  const fits = upstream.shape.length >= 2 && share.shape.length === 1 && share.shape[0] === rowCount(upstream.shape);
  requireShapes(fits, "embeddingBagBackward", "upstream [..., d] and one share for each row", {
    upstream: upstream.shape,
    share: share.shape,
  });
  return upstream.graph.apply(embeddingBagBackwardOp, [upstream, share], undefined)[0]!;
}

const embeddingBagBackwardOp: Op<undefined> = {
  name: "embeddingBagBackward",
  outputs: ([upstream]) => [{ shape: upstream!.shape }],
  reference: ([upstream, share]) => [
    reference.embeddingBagBackward(floats(upstream!), floats(share!), lastDimension(upstream!.shape)),
  ],
  kernels: ({ inputs: [upstream, share], outputs: [rows] }, target) => [
    {
      shader: backwardShader,
      bindings: [read(upstream!), read(share!), write(rows!)],
      ...rowLanes(upstream!.shape, target),
    },
  ],
};
