import fc from "fast-check";
import { expect, test } from "vitest";
import { philox, randomStream, shuffle } from "../../src/reference/random.ts";

const hexadecimal = (words: Uint32Array) => Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");

test("Philox gives the published words for counter 0 and key 0", () => {
  // Random123's known answers; its two others set words of counter or key that a seed and an index cannot reach.
  expect(hexadecimal(philox(0, 0, 0))).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
});

/** The definition over 64-bit integers, of the paper's section 3.3. */
function philoxByDefinition(counter: bigint[], key: bigint[]): string {
  const mask = 0xffffffffn;
  let [a, b, c, d] = counter as [bigint, bigint, bigint, bigint];
  let [k, l] = key as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const [p, q] = [0xd2511f53n * a, 0xcd9e8d57n * c];
    [a, b, c, d] = [(q >> 32n) ^ b ^ k, q & mask, (p >> 32n) ^ d ^ l, p & mask];
    [k, l] = [(k + 0x9e3779b9n) & mask, (l + 0xbb67ae85n) & mask];
  }
  return [a, b, c, d].map((word) => word.toString(16).padStart(8, "0")).join(" ");
}

test("the definition itself gives the published words for all ones", () => {
  const ones = 0xffffffffn;
  expect(philoxByDefinition([ones, ones, ones, ones], [ones, ones])).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
});

test("any seed, stream and index give the words of the definition", () => {
  const wide = fc.maxSafeNat();
  const halves = (value: number) => [BigInt(value) & 0xffffffffn, BigInt(value) >> 32n];
  fc.assert(
    fc.property(wide, fc.integer({ min: 0, max: 0xffffffff }), wide, (seed, stream, index) => {
      const [low, high] = halves(index);
      expect(hexadecimal(philox(seed, stream, index))).toBe(
        philoxByDefinition([low!, high!, BigInt(stream), 0n], halves(seed)),
      );
    }),
  );
});

test("seeds, streams and indices beyond 32 bits are told apart", () => {
  const words = [philox(1, 0, 0), philox(1 + 2 ** 32, 0, 0), philox(1, 1, 0), philox(1, 0, 2 ** 32), philox(1, 0, 1)];
  expect(new Set(words.map(hexadecimal)).size).toBe(words.length);
});

test("the moments are those of the distributions", () => {
  const stream = randomStream(42, 3);
  const count = 40_000;
  const moments = (draw: (index: number) => number) => {
    const values = Float64Array.from({ length: count }, (_, index) => draw(index));
    const mean = values.reduce((sum, value) => sum + value) / count;
    const central = (power: number) => values.reduce((sum, value) => sum + (value - mean) ** power, 0) / count;
    return { mean, variance: central(2), skew: central(3), kurtosis: central(4) };
  };
  // About five standard errors of each moment of 40,000 draws.
  const normal = moments(stream.normal);
  expect(Math.abs(normal.mean)).toBeLessThan(0.025);
  expect(Math.abs(normal.variance - 1)).toBeLessThan(0.035);
  expect(Math.abs(normal.skew)).toBeLessThan(0.1);
  expect(Math.abs(normal.kurtosis - 3)).toBeLessThan(0.25);
  const uniform = moments(stream.uniform);
  expect(Math.abs(uniform.mean - 0.5)).toBeLessThan(0.0075);
  expect(Math.abs(uniform.variance - 1 / 12)).toBeLessThan(0.002);
});

test("integers stay below their bound and reach every value", () => {
  const stream = randomStream(1);
  const found = new Set(Array.from({ length: 400 }, (_, index) => stream.below(7, index)));
  expect([...found].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(stream.below(1, 5)).toBe(0);
});

test("a shuffle is a permutation that the stream alone decides", () => {
  fc.assert(
    fc.property(fc.nat({ max: 40 }), fc.nat(), (length, seed) => {
      const make = () =>
        shuffle(
          Uint32Array.from({ length }, (_, index) => index),
          randomStream(seed),
        );
      expect([...make()].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, index) => index));
      expect(make()).toEqual(make());
    }),
  );
});

test("every order of three is equally likely", () => {
  const found = new Map<string, number>();
  const shuffles = 6000;
  for (let seed = 0; seed < shuffles; seed++) {
    const order = shuffle(Uint32Array.of(0, 1, 2), randomStream(seed)).join("");
    found.set(order, (found.get(order) ?? 0) + 1);
  }
  expect(found.size).toBe(6);
  // Five standard deviations of a count of 6000 / 6.
  for (const count of found.values())
    expect(Math.abs(count - shuffles / 6)).toBeLessThan(5 * Math.sqrt((shuffles * 5) / 36));
});
