/** Keeps the square root of a zero capsule's norm away from a division by zero. */
export const squashEpsilon = 1e-9;

/** u = g(|z|) z with g(n) = n^2 / (1 + n^2) / sqrt(n^2 + eps), row by row (MIND, eq. 5). `z` is `[rows, d]`. */
export function squash(z: Float64Array, d: number): Float64Array {
  const u = new Float64Array(z.length);
  for (let row = 0; row < z.length; row += d) {
    let norm2 = 0;
    for (let c = 0; c < d; c++) norm2 += z[row + c]! ** 2;
    const scale = norm2 / (1 + norm2) / Math.sqrt(norm2 + squashEpsilon);
    for (let c = 0; c < d; c++) u[row + c] = scale * z[row + c]!;
  }
  return u;
}

/** dz = g du + (g'(n) / n) (z . du) z with g'(n) = (1 - n^2) / (1 + n^2)^2 and eps dropped; 0 at z = 0. */
export function squashBackward(z: Float64Array, du: Float64Array, d: number): Float64Array {
  const dz = new Float64Array(z.length);
  for (let row = 0; row < z.length; row += d) {
    let norm2 = 0;
    let along = 0;
    for (let c = 0; c < d; c++) {
      norm2 += z[row + c]! ** 2;
      along += z[row + c]! * du[row + c]!;
    }
    if (norm2 === 0) continue;
    const norm = Math.sqrt(norm2);
    const scale = norm2 / (1 + norm2) / Math.sqrt(norm2 + squashEpsilon);
    const slope = (1 - norm2) / (1 + norm2) ** 2 / norm;
    for (let c = 0; c < d; c++) dz[row + c] = scale * du[row + c]! + slope * along * z[row + c]!;
  }
  return dz;
}
