/**
 * Philox 4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 * A number depends on (seed, stream, index) alone, so any part of a sequence can be made anywhere, in any order.
 */

const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
const weylA = 0x9e3779b9;
const weylB = 0xbb67ae85;

/** The upper 32 bits of the 64-bit product; all in 32-bit integers, which engines compute fastest. No sum overflows. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const carry = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) | 0;
}

/** Four 32-bit words for the counter (`index`, `stream`) under the key `seed`; written to `out`. */
export function philox(
  seed: number,
  stream: number,
  index: number,
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  let a = index | 0;
  let b = Math.floor(index / 0x100000000) | 0;
  let c = stream | 0;
  let d = 0;
  let keyA = seed | 0;
  let keyB = Math.floor(seed / 0x100000000) | 0;
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(multiplierA, a);
    const lowA = Math.imul(multiplierA, a);
    const highB = multiplyHigh(multiplierB, c);
    const lowB = Math.imul(multiplierB, c);
    a = highB ^ b ^ keyA;
    b = lowB;
    c = highA ^ d ^ keyB;
    d = lowA;
    keyA = (keyA + weylA) | 0;
    keyB = (keyB + weylB) | 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
  return out;
}

/** One independent sequence of a seed. `index` counts its draws, from 0. */
export interface RandomStream {
  /** A 32-bit unsigned integer. */
  uint32(index: number): number;
  /** A number in [0, 1) with 53 random bits. */
  uniform(index: number): number;
  /** A standard normal number (Box-Muller). */
  normal(index: number): number;
  /** An integer in [0, bound), bound <= 2^32. */
  below(bound: number, index: number): number;
}

/** The sequence number `stream` (0 to 2^32 - 1) of `seed` (0 to 2^53 - 1). */
export function randomStream(seed: number, stream = 0): RandomStream {
  const words = new Uint32Array(4);
  const uniform = (index: number) => {
    philox(seed, stream, index, words);
    return ((words[0]! >>> 5) * 0x4000000 + (words[1]! >>> 6)) / 0x20000000000000;
  };
  return {
    uint32: (index) => philox(seed, stream, index, words)[0]!,
    uniform,
    normal(index) {
      philox(seed, stream, index, words);
      const radius = Math.sqrt(-2 * Math.log((words[0]! + 1) / 0x100000000));
      return radius * Math.cos((2 * Math.PI * words[1]!) / 0x100000000);
    },
    below: (bound, index) => Math.floor(uniform(index) * bound),
  };
}

/** Shuffles in place (Fisher-Yates) with the first `values.length - 1` draws of `stream`. */
export function shuffle(values: Uint32Array, stream: RandomStream): Uint32Array {
  for (let last = values.length - 1; last > 0; last--) {
    const other = stream.below(last + 1, last);
    const held = values[last]!;
    values[last] = values[other]!;
    values[other] = held;
  }
  return values;
}
