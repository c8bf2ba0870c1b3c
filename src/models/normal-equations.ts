import { addOuterProducts, block, factorise, solveLower, solveLowerOfFour, solveUpper, widthOf } from "./symmetric.ts";

/** Weighted ridge regressions on the rows y of one table of factors, those of Hu, Koren and Volinsky (ICDM 2008). */
export interface NormalEquations {
  /**
   * The regression in which the target is 1 at the rows `columns[n]` of the table, each there once, with the weight
   * `1 + confidence values[n]`, n from `from` up to `to`, and 0 at all others, with the weight 1:
   * `(Y^T Y + sum (weight - 1) y y^T + lambda I)^-1 sum weight y`, `[dimension]`; the memory is that of every answer.
   */
  solve(columns: Uint32Array, values: Uint32Array, from: number, to: number): Float64Array;
}

export interface NormalEquationsOptions {
  readonly dimension: number;
  /** alpha. */
  readonly confidence: number;
  /** lambda. */
  readonly regularisation: number;
}

/** What all regressions on one table have alike. */
export interface RegressedTable {
  /** `[rows, dimension]` */
  readonly factors: Float32Array;
  /** `Y^T Y`: its lower triangle. */
  readonly gram: Float64Array;
  /** L of `Y^T Y + lambda I = L L^T`, and `Y L^-T` `[rows, dimension]`: with these, regressions of few targets take less. */
  readonly whitened?: { readonly lower: Float64Array; readonly rows: Float64Array } | undefined;
}

/** Regressions of up to so many targets take less with whitened rows. */
export const fewTargets = (dimension: number): number => Math.floor(dimension / 2);

/** Adds `y y^T` of the rows from `from` up to `to` to the lower triangle of `gram`. */
export function addGram(factors: Float32Array, dimension: number, from: number, to: number, gram: Float64Array): void {
  const width = widthOf(dimension);
  const rows = new Float64Array(block * width);
  const ones = new Float64Array(block).fill(1);
  for (let row = from; row < to; row += block) {
    readRows(factors, dimension, row, Math.min(to, row + block), rows, width);
    addOuterProducts(gram, rows, ones, width);
  }
}

/** `Y^T Y` of a whole table. */
export function gramOf(factors: Float32Array, dimension: number): Float64Array {
  const gram = new Float64Array(widthOf(dimension) ** 2);
  addGram(factors, dimension, 0, factors.length / dimension, gram);
  return gram;
}

/** L of `Y^T Y + lambda I`. */
export function lowerOf(gram: Float64Array, { dimension, regularisation }: NormalEquationsOptions): Float64Array {
  const width = widthOf(dimension);
  const lower = gram.slice();
  for (let i = 0; i < dimension; i++) lower[i * width + i]! += regularisation;
  factorise(lower, dimension, width, new Float64Array(block * width));
  return lower;
}

/** Writes the rows from `from` up to `to` of `Y L^-T`. */
export function whiten(
  factors: Float32Array,
  lower: Float64Array,
  dimension: number,
  [from, to]: readonly [number, number],
  into: Float64Array,
): void {
  const width = widthOf(dimension);
  const rows = new Float64Array(block * width);
  for (let row = from; row < to; row += block) {
    const end = Math.min(to, row + block);
    readRows(factors, dimension, row, end, rows, width);
    solveLowerOfFour(lower, rows, dimension, width);
    for (let n = row; n < end; n++)
      for (let i = 0; i < dimension; i++) into[n * dimension + i] = rows[(n - row) * width + i]!;
  }
}

export function createNormalEquations(table: RegressedTable, options: NormalEquationsOptions): NormalEquations {
  const { whitened } = table;
  const direct = createDirect(table, options);
  if (whitened === undefined) return direct;
  const few = createForFew(whitened.lower, whitened.rows, options);
  const most = fewTargets(options.dimension);
  return {
    solve: (columns, values, from, to) => (to - from <= most ? few : direct).solve(columns, values, from, to),
  };
}

/** The whole matrix of each regression, factorised. */
function createDirect({ factors, gram }: RegressedTable, options: NormalEquationsOptions): NormalEquations {
  const { dimension, confidence, regularisation } = options;
  const width = widthOf(dimension);
  const matrix = new Float64Array(width * width);
  const vector = new Float64Array(width);
  const rows = new Float64Array(block * width);
  const places = new Float64Array(block);
  const extras = new Float64Array(block);
  const weights = new Float64Array(block);
  return {
    solve(columns, values, from, to) {
      vector.fill(0);
      if (from === to) return vector.subarray(0, dimension);
      matrix.set(gram);
      for (let i = 0; i < dimension; i++) matrix[i * width + i]! += regularisation;
      for (let n = from; n < to; n += block) {
        for (let k = 0; k < block; k++) {
          const isThere = n + k < to;
          places[k] = isThere ? columns[n + k]! * dimension : 0;
          extras[k] = isThere ? confidence * values[n + k]! : 0;
          weights[k] = isThere ? 1 + extras[k]! : 0;
        }
        readFour(factors, places, weights, dimension, rows, width, vector);
        addOuterProducts(matrix, rows, extras, width);
      }
      factorise(matrix, dimension, width, rows);
      solveLower(matrix, vector, dimension, width);
      solveUpper(matrix, vector, dimension, width);
      return vector.subarray(0, dimension);
    },
  };
}

/**
 * With Z the whitened rows of n targets and D the diagonal of `weight - 1`, the solution is `L^-T Z^T s` where
 * `(Z Z^T + D^-1) s = D^-1 weight` (Woodbury's identity): a system of n equations in the place of `dimension`.
 */
function createForFew(lower: Float64Array, z: Float64Array, options: NormalEquationsOptions): NormalEquations {
  const { dimension, confidence } = options;
  const width = widthOf(dimension);
  const most = widthOf(fewTargets(dimension));
  const matrix = new Float64Array(most * most);
  const s = new Float64Array(most);
  const scratch = new Float64Array(block * most);
  const vector = new Float64Array(width);
  return {
    solve(columns, values, from, to) {
      const count = to - from;
      for (let n = 0; n < count; n++) {
        const extra = confidence * values[from + n]!;
        multiplyWithEarlier(z, columns, from, n, dimension, matrix, n * most);
        matrix[n * most + n]! += 1 / extra;
        s[n] = (1 + extra) / extra;
      }
      factorise(matrix, count, most, scratch);
      solveLower(matrix, s, count, most);
      solveUpper(matrix, s, count, most);
      vector.fill(0);
      for (let n = 0; n < count; n++) {
        const row = columns[from + n]! * dimension;
        const weight = s[n]!;
        for (let i = 0; i < dimension; i++) vector[i]! += weight * z[row + i]!;
      }
      solveUpper(lower, vector, dimension, width);
      return vector.subarray(0, dimension);
    },
  };
}

/** Writes the products of the n-th of some rows of z with those before it and itself, four at a time. */
function multiplyWithEarlier(
  z: Float64Array,
  columns: Uint32Array,
  from: number,
  n: number,
  dimension: number,
  into: Float64Array,
  at: number,
): void {
  const row = columns[from + n]! * dimension;
  for (let m = 0; m <= n; m += block) {
    // Beyond the n-th itself the first of the four stands in, and what it makes is not read.
    const first = columns[from + m]! * dimension;
    const second = m + 1 <= n ? columns[from + m + 1]! * dimension : first;
    const third = m + 2 <= n ? columns[from + m + 2]! * dimension : first;
    const fourth = m + 3 <= n ? columns[from + m + 3]! * dimension : first;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < dimension; i++) {
      const x = z[row + i]!;
      a += x * z[first + i]!;
      b += x * z[second + i]!;
      c += x * z[third + i]!;
      d += x * z[fourth + i]!;
    }
    into[at + m] = a;
    into[at + m + 1] = b;
    into[at + m + 2] = c;
    into[at + m + 3] = d;
  }
}

/** Reads the four rows that begin at `places` as `[4, width]`, and adds them to the vector by their weights. */
function readFour(
  factors: Float32Array,
  places: Float64Array,
  weights: Float64Array,
  dimension: number,
  into: Float64Array,
  width: number,
  vector: Float64Array,
): void {
  const first = places[0]!;
  const second = places[1]!;
  const third = places[2]!;
  const fourth = places[3]!;
  const w0 = weights[0]!;
  const w1 = weights[1]!;
  const w2 = weights[2]!;
  const w3 = weights[3]!;
  for (let i = 0; i < dimension; i++) {
    const p = factors[first + i]!;
    const q = factors[second + i]!;
    const r = factors[third + i]!;
    const s = factors[fourth + i]!;
    into[i] = p;
    into[width + i] = q;
    into[2 * width + i] = r;
    into[3 * width + i] = s;
    vector[i]! += w0 * p + w1 * q + w2 * r + w3 * s;
  }
}

/** Reads up to four rows as `[4, width]`; the others are 0. */
function readRows(
  factors: Float32Array,
  dimension: number,
  from: number,
  to: number,
  into: Float64Array,
  width: number,
): void {
  for (let k = 0; k < block; k++) {
    const isThere = from + k < to;
    const row = (from + k) * dimension;
    for (let i = 0; i < dimension; i++) into[k * width + i] = isThere ? factors[row + i]! : 0;
  }
}
