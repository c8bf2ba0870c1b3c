import fc from "fast-check";
import { expect, test } from "vitest";
import { createNegativeSampler } from "../../src/data/negatives.ts";
import { failureOf } from "./files.ts";

test("frequencies converge to count^alpha, which is what logProbability says", () => {
  const counts = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(counts, fc.constantFrom(0, 0.75, 1), fc.nat(), (items, alpha, seed) => {
      const sampler = createNegativeSampler(Uint32Array.from([99, ...items]), { alpha, seed });
      const weights = items.map((count) => Math.max(1, count) ** alpha);
      const total = weights.reduce((sum, weight) => sum + weight);
      const draws = 20_000;
      const found = new Uint32Array(items.length + 1);
      for (const item of sampler.draw(0, new Uint32Array(draws))) found[item] = found[item]! + 1;
      expect(found[0]).toBe(0);
      expect(sampler.logProbability[0]).toBe(0);
      weights.forEach((weight, index) => {
        const probability = weight / total;
        expect(Math.exp(sampler.logProbability[index + 1]!)).toBeCloseTo(probability, 6);
        // Six standard deviations: about one false alarm in 10^8 draws of a frequency.
        const spread = 6 * Math.sqrt((probability * (1 - probability)) / draws);
        expect(Math.abs(found[index + 1]! / draws - probability)).toBeLessThanOrEqual(spread + 1 / draws);
      });
    }),
    { numRuns: 30 },
  );
});

test("draws depend on seed, step and place alone", () => {
  const make = (seed: number) =>
    createNegativeSampler(
      Uint32Array.from({ length: 500 }, (_, item) => item),
      { seed },
    );
  const sampler = make(7);
  const wanted = sampler.draw(3, new Uint32Array(64));
  sampler.draw(4, new Uint32Array(5));
  expect(sampler.draw(3, new Uint32Array(64))).toEqual(wanted);
  expect(make(7).draw(3, new Uint32Array(9))).toEqual(wanted.subarray(0, 9));
  expect(sampler.draw(4, new Uint32Array(64))).not.toEqual(wanted);
  expect(make(8).draw(3, new Uint32Array(64))).not.toEqual(wanted);
});

test("what cannot be sampled is refused", async () => {
  expect(await failureOf(() => createNegativeSampler(new Uint32Array(1), { seed: 1 }))).toContain(
    "no items to draw from",
  );
  expect(await failureOf(() => createNegativeSampler(new Uint32Array(3), { seed: 1, alpha: -1 }))).toContain("got -1");
});
