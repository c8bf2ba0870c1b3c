import { fail } from "../errors.ts";

/** Weighted ridge regressions on the rows of one table of factors, one after the other. */
export interface NormalEquations {
  /** The sum of `y y^T` over all rows y of the table: its lower triangle, `[dimension, width]` row-major. */
  readonly gram: Float64Array;
  /** The dimension rounded up to a multiple of 4. */
  readonly width: number;
  /** Begins a regression in which every row of the table has the target 0 and the weight 1. */
  begin(): void;
  /** Makes the target of a row 1, and its weight `1 + extra`. */
  add(row: number, extra: number): void;
  /** `(Y^T Y + sum extra y y^T + lambda I)^-1 sum (1 + extra) y`, `[dimension]`; the memory is that of every answer. */
  solve(): Float64Array;
}

/** So many rows are added to the matrix at once, and so many of its rows are passed over together: the code is written out. */
const block = 4;

/** The regressions of Hu, Koren and Volinsky (ICDM 2008) on `factors` `[rows, dimension]`, solved exactly by Cholesky. */
export function createNormalEquations(
  factors: Float32Array,
  dimension: number,
  regularisation: number,
): NormalEquations {
  const width = Math.ceil(dimension / block) * block;
  const matrix = new Float64Array(width * width);
  const vector = new Float64Array(width);
  const pending = new Float64Array(block * width);
  const weights = new Float64Array(block);
  let pendingCount = 0;

  const flush = () => {
    addOuterProducts(matrix, pending, weights, width);
    weights.fill(0);
    pendingCount = 0;
  };
  const push = (row: number, weight: number) => {
    for (let i = 0; i < dimension; i++) pending[pendingCount * width + i] = factors[row * dimension + i]!;
    weights[pendingCount++] = weight;
    if (pendingCount === block) flush();
  };

  for (let row = 0; row * dimension < factors.length; row++) push(row, 1);
  flush();
  const gram = matrix.slice();
  return {
    gram,
    width,
    begin() {
      matrix.set(gram);
      for (let i = 0; i < dimension; i++) matrix[i * width + i]! += regularisation;
      vector.fill(0);
    },
    add(row, extra) {
      for (let i = 0; i < dimension; i++) vector[i]! += (1 + extra) * factors[row * dimension + i]!;
      push(row, extra);
    },
    solve() {
      flush();
      factorise(matrix, dimension, width);
      return substitute(matrix, vector, dimension, width);
    },
  };
}

/** Adds `weight y y^T` of four rows y to the lower triangle, and to what lies above it within blocks of four. */
function addOuterProducts(matrix: Float64Array, y: Float64Array, weights: Float64Array, width: number): void {
  const y1 = width;
  const y2 = 2 * width;
  const y3 = 3 * width;
  const w0 = weights[0]!;
  const w1 = weights[1]!;
  const w2 = weights[2]!;
  const w3 = weights[3]!;
  for (let i = 0; i < width; i += block) {
    // Of the matrix's rows i to i + 3, a to d, the factor of each row of y.
    const a0 = w0 * y[i]!;
    const a1 = w1 * y[y1 + i]!;
    const a2 = w2 * y[y2 + i]!;
    const a3 = w3 * y[y3 + i]!;
    const b0 = w0 * y[i + 1]!;
    const b1 = w1 * y[y1 + i + 1]!;
    const b2 = w2 * y[y2 + i + 1]!;
    const b3 = w3 * y[y3 + i + 1]!;
    const c0 = w0 * y[i + 2]!;
    const c1 = w1 * y[y1 + i + 2]!;
    const c2 = w2 * y[y2 + i + 2]!;
    const c3 = w3 * y[y3 + i + 2]!;
    const d0 = w0 * y[i + 3]!;
    const d1 = w1 * y[y1 + i + 3]!;
    const d2 = w2 * y[y2 + i + 3]!;
    const d3 = w3 * y[y3 + i + 3]!;
    const a = i * width;
    const b = a + width;
    const c = b + width;
    const d = c + width;
    for (let j = 0; j < i + block; j++) {
      const p = y[j]!;
      const q = y[y1 + j]!;
      const r = y[y2 + j]!;
      const s = y[y3 + j]!;
      matrix[a + j]! += a0 * p + a1 * q + a2 * r + a3 * s;
      matrix[b + j]! += b0 * p + b1 * q + b2 * r + b3 * s;
      matrix[c + j]! += c0 * p + c1 * q + c2 * r + c3 * s;
      matrix[d + j]! += d0 * p + d1 * q + d2 * r + d3 * s;
    }
  }
}

/** Cholesky: the lower triangle of a positive definite matrix becomes L of `L L^T`. */
function factorise(matrix: Float64Array, dimension: number, width: number): void {
  for (let i = 0; i < dimension; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * width + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * width + k]! * matrix[j * width + k]!;
      if (i > j) matrix[i * width + j] = sum / matrix[j * width + j]!;
      else if (sum > 0) matrix[i * width + i] = Math.sqrt(sum);
      else fail(`wals: factors that depend on each other have no solution (${sum}); raise --regularisation`);
    }
  }
}

/** Solves `L L^T x = vector` in place; the first `dimension` numbers are x. */
function substitute(lower: Float64Array, vector: Float64Array, dimension: number, width: number): Float64Array {
  for (let i = 0; i < dimension; i++) {
    for (let k = 0; k < i; k++) vector[i]! -= lower[i * width + k]! * vector[k]!;
    vector[i]! /= lower[i * width + i]!;
  }
  for (let i = dimension - 1; i >= 0; i--) {
    for (let k = i + 1; k < dimension; k++) vector[i]! -= lower[k * width + i]! * vector[k]!;
    vector[i]! /= lower[i * width + i]!;
  }
  return vector.subarray(0, dimension);
}
