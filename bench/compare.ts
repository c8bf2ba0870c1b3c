import { fail } from "../src/errors.ts";

/** Fails where two arrays differ by more than `tolerance`, relative to the largest wanted magnitude (at least 1). */
export function requireClose(what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  if (got.length !== want.length) fail(`${what}: expected ${want.length} elements, got ${got.length}`);
  let scale = 1;
  for (let i = 0; i < want.length; i++) scale = Math.max(scale, Math.abs(want[i]!));
  let worst = 0;
  let error = -1;
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i]! - want[i]!) / scale;
    if (difference <= error) continue;
    worst = i;
    error = difference;
    if (Number.isNaN(difference)) break;
  }
  if (want.length > 0 && !(error <= tolerance)) {
    fail(
      `${what}: worst at ${worst}: got ${got[worst]}, want ${want[worst]}, error ${error} > tolerance ${tolerance}; nothing was timed`,
    );
  }
}

/** The sum by which engines are compared at a glance: each element times 1 to 7 by its place. */
export function checksum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]! * ((i % 7) + 1);
  return total;
}
