/**
 * Numbers of 16 bits (IEEE 754 binary16): 10 bits of mantissa, largest 65504, smallest normal 2^-14, smallest 2^-24.
 * All roundings are done in integers and saturate at the largest; NaN stays NaN.
 */

const largest = 0x477fe000;
const smallestNormal = 0x38800000;
const infinity = 0x7f800000;
/** What the exponents of the two formats differ by, at its place in 32 bits. */
const rebias = 0x38000000;
const notANumber = 0x7e00;

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The bits of the half nearest to a float32 number, the even one of two. */
export function toHalf(value: number): number {
  float[0] = value;
  const sign = (word[0]! >>> 16) & 0x8000;
  const magnitude = word[0]! & 0x7fffffff;
  if (magnitude > infinity) return notANumber;
  if (magnitude < smallestNormal) {
    // Doubles from 2^52 on are whole numbers, and the addition rounds to the even one.
    return sign | (Math.abs(float[0]) * 2 ** 24 + 2 ** 52 - 2 ** 52);
  }
  const rest = Math.min(magnitude, largest) - rebias;
  return sign | ((rest + 0xfff + ((rest >>> 13) & 1)) >>> 13);
}

/**
 * The bits of one of the two halves around a float32 number, each as likely as the number is near it, so that the mean over
 * random words is the number itself. Nearest rounding would lose every step smaller than half of the last bit.
 * @param random 32 random bits, of which the upper ones count
 */
export function toHalfAtRandom(value: number, random: number): number {
  float[0] = value;
  const sign = (word[0]! >>> 16) & 0x8000;
  const magnitude = word[0]! & 0x7fffffff;
  if (magnitude > infinity) return notANumber;
  if (magnitude < smallestNormal) {
    return sign | ((Math.floor(Math.abs(float[0]) * 2 ** 45) + (random >>> 11)) >>> 21);
  }
  return sign | ((Math.min(magnitude, largest) - rebias + (random >>> 19)) >>> 13);
}

/** The number that the bits of a half stand for; exact in float32. */
export function fromHalf(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const mantissa = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  word[0] = (exponent + 112) * 0x800000 + mantissa * 0x2000;
  return sign * float[0]!;
}

/** The bits of the halves nearest to the numbers. */
export function toHalves(numbers: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(numbers.length);
  for (let i = 0; i < bits.length; i++) bits[i] = toHalf(numbers[i]!);
  return bits;
}

export function fromHalves(bits: Uint16Array): Float32Array {
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = fromHalf(bits[i]!);
  return numbers;
}

/**
 * Four random words for a counter: pcg4d of Jarzynski and Olano, "Hash functions for GPU rendering" (JCGT 2020). Element c of
 * a row draws word c mod 4 of (row, floor(c / 4), step, 0).
 */
export function randomWords(row: number, quad: number, step: number, out = new Uint32Array(4)): Uint32Array {
  const [multiplier, increment] = [1664525, 1013904223];
  let x = (Math.imul(row, multiplier) + increment) | 0;
  let y = (Math.imul(quad, multiplier) + increment) | 0;
  let z = (Math.imul(step, multiplier) + increment) | 0;
  let w: number = increment;
  const mix = () => {
    x = (x + Math.imul(y, w)) | 0;
    y = (y + Math.imul(z, x)) | 0;
    z = (z + Math.imul(x, y)) | 0;
    w = (w + Math.imul(y, z)) | 0;
  };
  mix();
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  mix();
  out[0] = x;
  out[1] = y;
  out[2] = z;
  out[3] = w;
  return out;
}
