/** Keeps the square root of a zero capsule's norm away from a division by zero. */
const squashEpsilon = 1e-9;

/** A capsule whose squared length is less counts as zero; the kernels' float32 would not hold its inverse. */
const leastNorm2 = 1e-30;

/** 1 / n of n^2, and 0 for what counts as zero. */
export const inverseLength = (norm2: number): number => (norm2 > leastNorm2 ? 1 / Math.sqrt(norm2) : 0);

/**
 * What a capsule of squared length n^2 is multiplied by: (n^2 / (1 + n^2))^power / n. A power of 1 is squash (MIND, eq. 5), for
 * which math and kernels keep an epsilon under the root; 0 is plain L2 normalisation.
 */
export function squashFactor(norm2: number, power = 1): number {
  if (power === 1) return norm2 / (1 + norm2) / Math.sqrt(norm2 + squashEpsilon);
  return norm2 > leastNorm2 ? (norm2 / (1 + norm2)) ** power / Math.sqrt(norm2) : 0;
}

/** The factor's derivative by n, divided by n, epsilon dropped; 0 at n = 0. */
export function squashSlope(norm2: number, power = 1): number {
  if (power === 1) return norm2 === 0 ? 0 : (1 - norm2) / (1 + norm2) ** 2 / Math.sqrt(norm2);
  return (squashFactor(norm2, power) * ((2 * power) / (1 + norm2) - 1)) / Math.max(norm2, leastNorm2);
}

/** u = g(|z|) z with the factor g of {@link squashFactor}, row by row. `z` is `[rows, d]`. */
export function squash(z: Float64Array, d: number, power = 1): Float64Array {
  const u = new Float64Array(z.length);
  for (let row = 0; row < z.length; row += d) {
    let norm2 = 0;
    for (let c = 0; c < d; c++) norm2 += z[row + c]! ** 2;
    const scale = squashFactor(norm2, power);
    for (let c = 0; c < d; c++) u[row + c] = scale * z[row + c]!;
  }
  return u;
}

/** dz = g du + (g'(n) / n) (z . du) z; 0 at z = 0. */
export function squashBackward(z: Float64Array, du: Float64Array, d: number, power = 1): Float64Array {
  const dz = new Float64Array(z.length);
  for (let row = 0; row < z.length; row += d) {
    let norm2 = 0;
    let along = 0;
    for (let c = 0; c < d; c++) {
      norm2 += z[row + c]! ** 2;
      along += z[row + c]! * du[row + c]!;
    }
    const scale = squashFactor(norm2, power);
    const slope = squashSlope(norm2, power);
    for (let c = 0; c < d; c++) dz[row + c] = scale * du[row + c]! + slope * along * z[row + c]!;
  }
  return dz;
}
