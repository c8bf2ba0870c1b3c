import shader from "../../shaders/best_items.wgsl";
import workgroupShader from "../../shaders/best_items_workgroup.wgsl";
import { fail } from "../errors.ts";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, KernelTarget, Node, Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowPitch } from "../graph/shape.ts";
import * as reference from "../reference/best-items.ts";
import { canScore, sizesOf } from "./best-scores.ts";
import { chunkScratch, chunksOf, scoreChunk } from "./best-scores-chunks.ts";
import { eachFamily, type FamilyName } from "./matmul-kernels.ts";

/** Which items may be found. */
export interface BestItemsChoice {
  /** How many items at most, up to 1024. */
  readonly top: number;
  /** Items that a user shall not be given, u32 `[B, X]`, ascending in each row, 0 for none. */
  readonly hidden: Value;
  /** Filters, u32 `[F, ceil((V + 1) / 32)]`: bit `i % 32` of word `i / 32` allows item i; and the filter of each user from 1, 0 for none, u32 `[B]`. */
  readonly filter?: { readonly allowed: Value; readonly filters: Value };
}

/** The most items that one call can find for a user. */
export const mostBestItems = 1024;

/** Writes items into a row as {@link bestItems} and `rankTargets` take them: ascending, behind zeros. */
export function writeAscending(row: Uint32Array, items: Iterable<number>): void {
  const ascending = Uint32Array.from(items).sort();
  row.fill(0).set(ascending, row.length - ascending.length);
}

/**
 * Exact retrieval (MIND, serving): the items of highest `max over active j of v[b, j] . e[item]`, the lower id first among equal
 * ones. The catalogue is scored in chunks, so that there is never a score for every user and item in memory. Items whose score is
 * not a number are never found. Without gradient.
 * @param interests `[B, K, d]`, K at most 255, or `[B, d]`
 * @param interestCounts active interests of each user, u32 `[B]`
 * @param table item vectors `[V + 1, d]`; row 0 is padding
 * @returns `items` u32, `scores` and `found`, the interest that found each item, u32, all `[B, top]`; 0 behind a user's last item
 */
export function bestItems(
  interests: Value,
  interestCounts: Value,
  table: Value,
  { top, hidden, filter }: BestItemsChoice,
): { items: Value; scores: Value; found: Value } {
  const users = interests.shape[0];
  const shapes = { interests: interests.shape, interestCounts: interestCounts.shape, table: table.shape };
  requireShapes(
    canScore(interests, interestCounts, table) && hidden.shape.length === 2 && hidden.shape[0] === users,
    "bestItems",
    "interests [B, K, d] or [B, d], interestCounts [B], table [V + 1, d] and hidden [B, X]",
    { ...shapes, hidden: hidden.shape },
  );
  if (filter) {
    const { allowed, filters } = filter;
    requireShapes(
      allowed.shape.length === 2 &&
        allowed.shape[1] === reference.filterWords(table.shape[0]!) &&
        filters.shape.length === 1 &&
        filters.shape[0] === users,
      "bestItems",
      "allowed [F, ceil((V + 1) / 32)] and filters [B]",
      { table: table.shape, allowed: allowed.shape, filters: filters.shape },
    );
  }
  if (!Number.isInteger(top) || top < 1 || top > mostBestItems) {
    fail(`bestItems: expected top from 1 to ${mostBestItems}, got ${top}`);
  }
  const inputs = [interests, interestCounts, table, hidden, ...(filter ? [filter.allowed, filter.filters] : [])];
  const [items, scores, found] = interests.graph.apply(bestItemsOp, inputs, { top });
  return { items: items!, scores: scores!, found: found! };
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const ids = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

interface Attributes {
  readonly top: number;
}

const bestItemsOp: Op<Attributes> = {
  name: "bestItems",
  outputs([interests], { top }) {
    const shape = [interests!.shape[0]!, top];
    return [{ shape, type: "u32" }, { shape }, { shape, type: "u32" }];
  },
  workspace: [0, 1, 2],
  scratch([interests, , table]) {
    return chunkScratch(interests!.shape[0]!, table!.shape[0]!);
  },
  reference([interests, counts, table, hidden, allowed, filters], { top }) {
    const inputs = {
      interests: data(interests),
      counts: ids(counts),
      table: data(table),
      hidden: ids(hidden),
      allowed: allowed && ids(allowed),
      filters: filters && ids(filters),
    };
    return reference.bestItems(inputs, sizesOf(interests!, table!), top);
  },
  families: eachFamily(kernelsOf),
};

function kernelsOf(
  family: FamilyName,
  { inputs, outputs, scratch, attributes: { top } }: Node<Attributes>,
  target: KernelTarget,
): Dispatch[] {
  const [interests, counts, table, hidden, allowed, filters] = inputs as [Value, Value, Value, Value, Value?, Value?];
  const [scores, winners] = scratch as [Value, Value];
  const sizes = sizesOf(interests, table);
  const select = family === "workgroup" ? workgroupShader : shader;
  return chunksOf(table, scores, target).flatMap((chunk) => [
    scoreChunk(family, sizes, chunk, { interests, counts, candidates: table, scores, winners }, true),
    {
      shader: select,
      constants: { filtered: Number(allowed !== undefined) },
      params: {
        users: u32(sizes.users),
        top: u32(top),
        pitch: u32(rowPitch(outputs[1]!.shape, "f32")),
        first: u32(chunk.first),
        count: u32(chunk.count),
        quads: u32(scores.shape[1]! / 4),
        slots: u32(lastDimension(hidden.shape)),
        words: u32(allowed ? lastDimension(allowed.shape) : 0),
        isFirst: u32(Number(chunk.isFirst)),
        isLast: u32(Number(chunk.isLast)),
      },
      bindings: [...[scores, winners, hidden, allowed ?? hidden, filters ?? hidden].map(read), ...outputs.map(write)],
      workgroups: gridOf(sizes.users, select === shader ? 8 : 1),
    },
  ]);
}
