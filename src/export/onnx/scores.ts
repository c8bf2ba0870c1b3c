import type { Builder, Converter } from "./builder.ts";
import { below, unsqueeze } from "./common.ts";

/** Lower than any score. */
const hidden = -3e38;

/** Scores `[batch, M]` by the best interest; 0 for users with none. */
const bestScores: Converter = (b, [interests, counts, candidates], { inputs: [vectors, , rows] }) => {
  const [, K, d] = vectors!.shape as [number, number, number];
  const isActive = below(b, counts!, K);
  const scores = maximum(b, interests!, isActive, candidates!, [K, d, rows!.shape[0]!]);
  const hasAny = b.apply("Greater", [unsqueeze(b, counts!, -1), b.ints([0], [])]);
  return b.apply("Where", [hasAny, scores, b.float(0)]);
};

/** The largest product with one of the active interests `[batch, K]`; lower than any score where there is none. */
function maximum(
  b: Builder,
  interests: string,
  isActive: string,
  candidates: string,
  [K, d, count]: readonly [number, number, number],
): string {
  // Gemm reads the table as it lies; a transpose of it would be another table.
  const flat = b.apply("Gemm", [b.apply("Reshape", [interests, b.ints([-1, d])]), candidates], { transB: 1 });
  const products = b.apply("Reshape", [flat, b.ints([-1, K, count])]);
  const active = b.apply("Where", [unsqueeze(b, isActive, -1), products, b.float(hidden)]);
  return b.apply("ReduceMax", [active], { axes: [1], keepdims: 0 });
}

export const scoreConverters = { bestScores };

/** What a search for the best items is given: names of values, and K. */
export interface Search {
  readonly interests: string;
  readonly counts: string;
  readonly most: number;
  /** `[V + 1, d]` */
  readonly items: string;
  readonly itemShape: readonly [rows: number, dimension: number];
  /** Ids `[batch, any]` that are not to be found; 0 is no item. */
  readonly excluded: string;
  readonly top: number;
}

/** The items of highest score, the lower id first among equals, and the scores; 0 and 0 where there are no more. */
export function topItems(b: Builder, { interests, counts, most, items, itemShape, excluded, top }: Search) {
  const [rows, dimension] = itemShape;
  const scores = maximum(b, interests, below(b, counts, most), items, [most, dimension, rows]);
  // Id 0, which is padding, is excluded always: it is put before the others.
  const ids = b.apply("Pad", [excluded, b.ints([0, 1, 0, 0])]);
  const lowest = b.apply("Expand", [b.float(hidden), b.apply("Shape", [ids])]);
  const left = b.apply("ScatterElements", [scores, ids, lowest], { axis: 1 });
  const [values, found] = b.applyAll("TopK", [left, b.ints([top])], 2, { axis: 1 });
  const isFound = b.apply("Greater", [values!, b.float(hidden)]);
  return {
    items: b.apply("Where", [isFound, found!, b.ints([0], [])]),
    scores: b.apply("Where", [isFound, values!, b.float(0)]),
  };
}
