// Dense symmetric matrices in double precision, by their lower triangles: `[width, width]` row-major, of which `dimension` rows
// count; the width is a multiple of 4, because the code is written out for blocks of 4.
import { fail } from "../errors.ts";

export const block = 4;

/** The dimension rounded up to whole blocks. */
export const widthOf = (dimension: number): number => Math.ceil(dimension / block) * block;

/**
 * Adds `weight y y^T` of four rows y `[4, width]` to the lower triangle, and to what lies above it within blocks of four.
 * @param first rows and columns before this one and from `end` on stay as they are; both are multiples of 4
 */
export function addOuterProducts(
  matrix: Float64Array,
  y: Float64Array,
  weights: Float64Array,
  width: number,
  first = 0,
  end = width,
): void {
  const y1 = width;
  const y2 = 2 * width;
  const y3 = 3 * width;
  const w0 = weights[0]!;
  const w1 = weights[1]!;
  const w2 = weights[2]!;
  const w3 = weights[3]!;
  for (let i = first; i < end; i += block) {
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
    for (let j = first; j < i + block; j++) {
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

const minus = new Float64Array(block).fill(-1);

/**
 * Cholesky: the lower triangle of a positive definite matrix becomes L of `L L^T`, four columns at a time.
 * @param columns `[4, width]`, overwritten
 */
export function factorise(matrix: Float64Array, dimension: number, width: number, columns: Float64Array): void {
  for (let first = 0; first < dimension; first += block) {
    const end = Math.min(first + block, dimension);
    for (let k = first; k < end; k++) {
      const pivot = matrix[k * width + k]!;
      if (!(pivot > 0))
        fail(`wals: factors that depend on each other have no solution (${pivot}); raise --regularisation`);
      const root = Math.sqrt(pivot);
      const column = (k - first) * width;
      for (let i = k; i < dimension; i++) {
        const value = matrix[i * width + k]! / root;
        matrix[i * width + k] = value;
        columns[column + i] = value;
      }
      for (let j = k + 1; j < end; j++) {
        const factor = columns[column + j]!;
        for (let i = j; i < dimension; i++) matrix[i * width + j]! -= factor * columns[column + i]!;
      }
    }
    addOuterProducts(matrix, columns, minus, width, first + block, widthOf(dimension));
  }
}

/** Solves `L x = vector` in place. */
export function solveLower(lower: Float64Array, vector: Float64Array, dimension: number, width: number): void {
  for (let i = 0; i < dimension; i++) {
    let sum = vector[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * width + k]! * vector[k]!;
    vector[i] = sum / lower[i * width + i]!;
  }
}

/** Solves `L x = y` for four rows y `[4, width]` in place. */
export function solveLowerOfFour(lower: Float64Array, y: Float64Array, dimension: number, width: number): void {
  const y1 = width;
  const y2 = 2 * width;
  const y3 = 3 * width;
  for (let i = 0; i < dimension; i++) {
    let p = y[i]!;
    let q = y[y1 + i]!;
    let r = y[y2 + i]!;
    let s = y[y3 + i]!;
    for (let k = 0; k < i; k++) {
      const factor = lower[i * width + k]!;
      p -= factor * y[k]!;
      q -= factor * y[y1 + k]!;
      r -= factor * y[y2 + k]!;
      s -= factor * y[y3 + k]!;
    }
    const diagonal = lower[i * width + i]!;
    y[i] = p / diagonal;
    y[y1 + i] = q / diagonal;
    y[y2 + i] = r / diagonal;
    y[y3 + i] = s / diagonal;
  }
}

/** Solves `L^T x = vector` in place, four rows of L at a time, which takes half as long as one by one. */
export function solveUpper(lower: Float64Array, vector: Float64Array, dimension: number, width: number): void {
  const whole = dimension - (dimension % block);
  substituteUpper(lower, vector, whole, dimension, width, 0);
  for (let first = whole - block; first >= 0; first -= block) {
    substituteUpper(lower, vector, first, first + block, width, first);
    const a = vector[first]!;
    const b = vector[first + 1]!;
    const c = vector[first + 2]!;
    const d = vector[first + 3]!;
    const row = first * width;
    for (let k = 0; k < first; k++) {
      vector[k]! -=
        a * lower[row + k]! +
        b * lower[row + width + k]! +
        c * lower[row + 2 * width + k]! +
        d * lower[row + 3 * width + k]!;
    }
  }
}

/** Solves for the rows from `first` up to `end`, and takes them out of those before them, from `from` on. */
function substituteUpper(
  lower: Float64Array,
  vector: Float64Array,
  first: number,
  end: number,
  width: number,
  from: number,
): void {
  for (let i = end - 1; i >= first; i--) {
    const value = vector[i]! / lower[i * width + i]!;
    vector[i] = value;
    for (let k = from; k < i; k++) vector[k]! -= lower[i * width + k]! * value;
  }
}

/** The sum of the products of all pairs of two symmetric matrices' elements: `trace(A B)`. */
export function traceOfProduct(a: Float64Array, b: Float64Array, dimension: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) {
    for (let j = 0; j < i; j++) sum += 2 * a[i * width + j]! * b[i * width + j]!;
    sum += a[i * width + i]! * b[i * width + i]!;
  }
  return sum;
}
