import type { Sequences } from "../data/sequences.ts";
import type { Arrays } from "./arrays.ts";
import type { FittedModel, HistoryScorer } from "./fitted.ts";
import { embeddings } from "./initializers.ts";
import { type InteractionMatrix, interactionMatrix } from "./interaction-matrix.ts";
import { createNormalEquations, gramOf, type NormalEquations } from "./normal-equations.ts";
import { walsPass } from "./wals-pass.ts";

export interface WalsOptions {
  /** Width of the factors of users and items, f. */
  readonly dimension: number;
  /** Behaviours that make a user's vector, the latest ones, L; fitting takes all. */
  readonly length: number;
  /** alpha: how much an interaction counts beside a pair without one, whose confidence is 1. */
  readonly confidence: number;
  /** lambda. */
  readonly regularisation: number;
  /** Standard deviation of the first factors of items. */
  readonly embeddingDeviation: number;
  readonly seed: number;
}

/** Chosen on the validation users of MovieLens (1M and latest-small), Beauty and KuaiRec; the paper folds in whole histories. */
export const walsDefaults: WalsOptions = {
  dimension: 64,
  length: 5,
  confidence: 5,
  regularisation: 10,
  embeddingDeviation: 0.1,
  seed: 1,
};

const name = "items.embedding";

/**
 * Weighted alternating least squares on implicit feedback (Hu, Koren and Volinsky, ICDM 2008): a user who had an item `r` times
 * prefers it with confidence `1 + alpha r`, and every other item not, with confidence 1. A pass solves for all users, then for
 * all items, each exactly; a user is folded in from the history by the same solution, so only items are kept.
 * @param threads workers that a pass is shared out to, 0 for none; the bits are the same. Default: one for each core where that pays
 */
export function wals(options: WalsOptions, threads?: number): FittedModel {
  const { dimension } = options;
  let matrix: { readonly of: Sequences; readonly values: InteractionMatrix } | undefined;
  let last: { readonly items: Arrays; readonly gram: Float64Array } | undefined;
  return {
    isIterative: true,
    async pass(train, before, onProgress) {
      if (matrix?.of !== train) matrix = { of: train, values: interactionMatrix(train) };
      const first = before?.get(name)?.data ?? firstItems(train.itemCount, options);
      const gram = before !== undefined && last?.items === before ? last.gram : undefined;
      const { items, loss, ...rest } = await walsPass(
        matrix.values,
        { items: first as Float32Array, gram },
        options,
        onProgress,
        threads,
      );
      const arrays: Arrays = new Map([[name, { shape: [train.itemCount + 1, dimension], data: items }]]);
      last = { items: arrays, gram: rest.gram };
      return { arrays, loss };
    },
    shapes: (itemCount) => new Map([[name, [itemCount + 1, dimension]]]),
    scorer(arrays) {
      const items = arrays.get(name)!.data as Float32Array;
      const equations = createNormalEquations({ factors: items, gram: gramOf(items, dimension) }, options);
      return createScorer(equations, items, options);
    },
  };
}

function firstItems(itemCount: number, { dimension, embeddingDeviation, seed }: WalsOptions) {
  return embeddings(embeddingDeviation, { seed, name })([itemCount + 1, dimension]);
}

function createScorer(equations: NormalEquations, items: Float32Array, { length }: WalsOptions): HistoryScorer {
  return {
    score(history, into) {
      const counts = new Map<number, number>();
      for (const item of history.subarray(-length)) counts.set(item, (counts.get(item) ?? 0) + 1);
      const had = Uint32Array.from(counts.keys());
      multiplyRows(items, equations.solve(had, Uint32Array.from(counts.values()), 0, had.length), into);
    },
  };
}

/** The products of a vector with all rows of a table, four rows at a time. */
function multiplyRows(table: Float32Array, vector: Float64Array, into: Float32Array): void {
  const { length } = vector;
  const rows = into.length;
  let row = 0;
  for (; row + 3 < rows; row += 4) {
    const first = row * length;
    const second = first + length;
    const third = second + length;
    const fourth = third + length;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < length; i++) {
      const x = vector[i]!;
      a += x * table[first + i]!;
      b += x * table[second + i]!;
      c += x * table[third + i]!;
      d += x * table[fourth + i]!;
    }
    into[row] = a;
    into[row + 1] = b;
    into[row + 2] = c;
    into[row + 3] = d;
  }
  for (; row < rows; row++) into[row] = dot(vector, table, row * length);
}

/** The product of a vector with the one that begins at `from`. */
function dot(vector: Float64Array, table: Float32Array, from: number): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * table[from + i]!;
  return sum;
}
