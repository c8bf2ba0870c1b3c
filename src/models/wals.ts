import type { Sequences } from "../data/sequences.ts";
import type { Arrays } from "./arrays.ts";
import type { FittedModel, FittedPass, FittingProgress, HistoryScorer } from "./fitted.ts";
import { embeddings } from "./initializers.ts";
import { type InteractionMatrix, interactionMatrix, type SparseRows } from "./interaction-matrix.ts";
import { createNormalEquations, type NormalEquations } from "./normal-equations.ts";

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
 */
export function wals(options: WalsOptions): FittedModel {
  const { dimension, regularisation } = options;
  let matrix: { readonly of: Sequences; readonly values: InteractionMatrix } | undefined;
  return {
    isIterative: true,
    async pass(train, before, onProgress) {
      if (matrix?.of !== train) matrix = { of: train, values: interactionMatrix(train) };
      return improve(matrix.values, train, before, options, onProgress);
    },
    shapes: (itemCount) => new Map([[name, [itemCount + 1, dimension]]]),
    scorer(arrays) {
      const { data: items } = arrays.get(name)!;
      const equations = createNormalEquations(items, dimension, regularisation);
      return createScorer(equations, items, options);
    },
  };
}

/** One pass: the users from the items, the items from the users. */
async function improve(
  { byUser, byItem }: InteractionMatrix,
  { userCount, itemCount }: Sequences,
  before: Arrays | undefined,
  { dimension, confidence, regularisation, embeddingDeviation, seed }: WalsOptions,
  onProgress: FittingProgress,
): Promise<FittedPass> {
  const shape = [itemCount + 1, dimension];
  const first = before?.get(name)?.data ?? embeddings(embeddingDeviation, { seed, name })(shape);
  const solveAll = async (rows: SparseRows, factors: Float32Array, done: number) => {
    const equations = createNormalEquations(factors, dimension, regularisation);
    const count = rows.offsets.length - 1;
    const solved = new Float32Array(count * dimension);
    for (let row = 0; row < count; row++) {
      equations.begin();
      for (let entry = rows.offsets[row]!; entry < rows.offsets[row + 1]!; entry++) {
        equations.add(rows.columns[entry]!, confidence * rows.values[entry]!);
      }
      solved.set(equations.solve(), row * dimension);
      await onProgress(done + row + 1, userCount + itemCount + 1);
    }
    return solved;
  };
  const users = await solveAll(byUser, first, 0);
  const items = await solveAll(byItem, users, userCount);
  const loss = lossOf(byUser, users, items, { dimension, confidence, regularisation });
  return { arrays: new Map([[name, { shape, data: items }]]), loss };
}

/**
 * What a pass makes smaller, for each pair of a user and an item that had to do with each other:
 * `sum over all pairs of c (p - x . y)^2 + lambda (sum |x|^2 + sum |y|^2)`.
 */
function lossOf(
  byUser: SparseRows,
  users: Float32Array,
  items: Float32Array,
  { dimension, confidence, regularisation }: Pick<WalsOptions, "dimension" | "confidence" | "regularisation">,
): number {
  const { gram, width } = createNormalEquations(items, dimension, regularisation);
  const squares = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
  let sum = regularisation * (squares(users) + squares(items));
  for (let user = 0; user + 1 < byUser.offsets.length; user++) {
    const x = Float64Array.from(users.subarray(user * dimension, (user + 1) * dimension));
    // All pairs as if none had been: x^T (Y^T Y) x, of which the lower triangle is at hand.
    for (let i = 0; i < dimension; i++) {
      for (let j = 0; j < i; j++) sum += 2 * x[i]! * x[j]! * gram[i * width + j]!;
      sum += x[i]! * x[i]! * gram[i * width + i]!;
    }
    for (let entry = byUser.offsets[user]!; entry < byUser.offsets[user + 1]!; entry++) {
      const product = dot(x, items, byUser.columns[entry]! * dimension);
      sum += (1 + confidence * byUser.values[entry]!) * (1 - product) ** 2 - product ** 2;
    }
  }
  return sum / byUser.columns.length;
}

function createScorer(
  equations: NormalEquations,
  items: Float32Array,
  { length, confidence }: WalsOptions,
): HistoryScorer {
  return {
    score(history, into) {
      equations.begin();
      const counts = new Map<number, number>();
      for (const item of history.subarray(-length)) counts.set(item, (counts.get(item) ?? 0) + 1);
      for (const [item, count] of counts) equations.add(item, confidence * count);
      multiplyRows(items, equations.solve(), into);
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
