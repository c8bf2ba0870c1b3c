import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHalf, randomWords, toHalf, toHalfAtRandom } from "../../src/reference/half.ts";

/** The bits of all finite halves of positive sign. */
const finite = Array.from({ length: 0x7c00 }, (_, bits) => bits);

/** Its value by the definition: sign, exponent, mantissa. */
function byDefinition(bits: number): number {
  const [exponent, mantissa] = [(bits >> 10) & 31, bits & 1023];
  const magnitude = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}

describe("halves", () => {
  test("every finite half is read as defined, and keeps its bits when it is rounded", () => {
    const all = finite.flatMap((bits) => [bits, bits | 0x8000]);
    const keeps = (bits: number) => {
      const value = fromHalf(bits);
      const rounded = [toHalf(value), toHalfAtRandom(value, 0), toHalfAtRandom(value, 0xffffffff)];
      return Object.is(value, byDefinition(bits)) && rounded.every((found) => found === bits);
    };
    expect(all.filter((bits) => !keeps(bits))).toEqual([]);
    expect(fromHalf(0x7c00)).toBe(Number.POSITIVE_INFINITY);
    expect(fromHalf(0xfc00)).toBe(Number.NEGATIVE_INFINITY);
    expect(fromHalf(0x7e00)).toBeNaN();
  });

  test("between two neighbours the nearer one is taken, at the middle the even one", () => {
    const isNearest = (bits: number) => {
      const [low, high] = [fromHalf(bits), fromHalf(bits + 1)];
      const [middle, near] = [(low + high) / 2, (high - low) / 8];
      const below = toHalf(middle - near) === bits;
      const above = toHalf(-middle - near) === ((bits + 1) | 0x8000);
      return below && above && toHalf(middle) === bits + (bits % 2);
    };
    expect(finite.slice(0, -1).filter((bits) => !isNearest(bits))).toEqual([]);
  });

  test.each([
    ["the largest", 65504, 0x7bff],
    ["beyond it", 65521, 0x7bff],
    ["far beyond it", -3e38, 0xfbff],
    ["infinity", Number.POSITIVE_INFINITY, 0x7bff],
    ["no number", Number.NaN, 0x7e00],
    ["negative zero", -0, 0x8000],
    ["below all halves", 1e-40, 0],
  ])("%s", (_, value, bits) => {
    expect(toHalf(value)).toBe(bits);
    for (const random of [0, 0xffffffff]) expect(toHalfAtRandom(value, random)).toBe(bits);
  });

  test("at random, a number goes up to its neighbour as often as it is nearer to it", () => {
    const draws = 8192;
    const bits = fc.nat({ max: 0x7bfe });
    const share = fc.nat({ max: 8191 });
    fc.assert(
      fc.property(bits, share, (at, part) => {
        const [low, high] = [fromHalf(at), fromHalf(at + 1)];
        const value = Math.fround(low + ((high - low) * part) / 8192);
        let up = 0;
        for (let i = 0; i < draws; i++) up += toHalfAtRandom(-value, i * 2 ** 19) - (at | 0x8000);
        expect(up).toBe(part);
      }),
    );
  });
});

test("random words depend on each part of their counter and have ones and zeros alike at every place", () => {
  const base = [...randomWords(3, 1, 7)];
  for (const other of [randomWords(4, 1, 7), randomWords(3, 2, 7), randomWords(3, 1, 8)]) {
    for (const [i, word] of other.entries()) expect(word).not.toBe(base[i]);
  }
  const draws = 4096;
  const counters = {
    step: (i: number) => randomWords(5, 2, i),
    row: (i: number) => randomWords(i, 2, 5),
    quad: (i: number) => randomWords(5, i, 2),
  };
  for (const [name, draw] of Object.entries(counters)) {
    const ones = new Uint32Array(128);
    for (let i = 0; i < draws; i++) {
      for (const [w, word] of draw(i).entries()) for (let b = 0; b < 32; b++) ones[32 * w + b]! += (word >>> b) & 1;
    }
    // Only the upper 21 bits round. Six standard deviations of a fair coin.
    for (const [place, count] of ones.entries()) {
      if (place % 32 >= 11) expect(Math.abs(count - draws / 2), `${name}, bit ${place}`).toBeLessThan(6 * 32);
    }
  }
});
