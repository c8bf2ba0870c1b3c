/**
 * Largest error of a kernel, relative to the largest magnitude that the reference has: float32 sums of thousands of terms err by
 * 1e-6 to 1e-5 of it, a wrong kernel by far more.
 */
const largestError = 1e-4;

/** Largest share of u32 results, such as the winners of a maximum, that may differ: the reference decides close calls in float64. */
const largestShare = 1e-3;

/** How the result of a kernel differs from that of the reference; undefined where they agree. */
export function disagreement(
  got: Float32Array | Uint32Array,
  want: Float64Array | Uint32Array | Float32Array,
): string | undefined {
  return got instanceof Uint32Array ? differingShare(got, want) : largestDifference(got, want);
}

function differingShare(got: Uint32Array, want: ArrayLike<number>): string | undefined {
  const differing = got.reduce((count, value, i) => count + Number(value !== want[i]), 0);
  return differing <= largestShare * got.length ? undefined : `${differing} of ${got.length} elements differ`;
}

function largestDifference(got: Float32Array, want: ArrayLike<number>): string | undefined {
  let magnitude = 0;
  for (let i = 0; i < want.length; i++) magnitude = Math.max(magnitude, Math.abs(want[i]!));
  const scale = magnitude || 1;
  let error = 0;
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i]! - want[i]!) / scale;
    if (!Number.isFinite(difference)) return `element ${i} is ${got[i]}, not ${want[i]}`;
    error = Math.max(error, difference);
  }
  return error <= largestError ? undefined : `off by ${error.toExponential(1)} of the largest magnitude`;
}
