import fc from "fast-check";
import { expect, test } from "vitest";
import { createNegativeSampler, type ItemDistribution, logProbabilities } from "../../src/data/negatives.ts";
import { failureOf } from "./files.ts";

const uniformOf = (counts: readonly number[]) => counts.map(() => 1 / counts.length);
const frequencyOf = (alpha: number) => (counts: readonly number[]) => {
  const weights = counts.map((count) => Math.max(1, count) ** alpha);
  const total = weights.reduce((sum, weight) => sum + weight);
  return weights.map((weight) => weight / total);
};

/** Rank by rank, and the items of equal counts by turns: the mean over every order of theirs. */
const logUniformOf = (counts: readonly number[]) => {
  const ofRank = (rank: number) => Math.log((rank + 2) / (rank + 1)) / Math.log(counts.length + 1);
  const seen = counts.map((count) => Math.max(1, count));
  return seen.map((count) => {
    const before = seen.filter((other) => other > count).length;
    const equal = seen.filter((other) => other === count).length;
    return Array.from({ length: equal }, (_, i) => ofRank(before + i)).reduce((a, b) => a + b) / equal;
  });
};

const distributions: readonly [string, ItemDistribution, (counts: readonly number[]) => readonly number[]][] = [
  ["uniform", { distribution: "uniform" }, uniformOf],
  ["log-uniform", { distribution: "log-uniform" }, logUniformOf],
  ["frequency^0", { alpha: 0 }, uniformOf],
  ["frequency^0.75", {}, frequencyOf(0.75)],
  ["frequency^1", { distribution: "frequency", alpha: 1 }, frequencyOf(1)],
];

test.each(distributions)(
  "%s: draws converge to the definition, which is what logProbabilities says",
  (_, distribution, probabilityOf) => {
    const counts = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(counts, fc.nat(), (items, seed) => {
        const itemCounts = Uint32Array.from([99, ...items]);
        const logarithms = logProbabilities(itemCounts, distribution);
        const draws = 20_000;
        const found = new Uint32Array(items.length + 1);
        const sampler = createNegativeSampler(itemCounts, { ...distribution, seed });
        for (const item of sampler.draw(0, new Uint32Array(draws))) found[item] = found[item]! + 1;
        expect(found[0]).toBe(0);
        expect(logarithms[0]).toBe(0);
        probabilityOf(items).forEach((probability, index) => {
          expect(Math.exp(logarithms[index + 1]!)).toBeCloseTo(probability, 6);
          // Six standard deviations: about one false alarm in 10^8 draws of a frequency.
          const spread = 6 * Math.sqrt((probability * (1 - probability)) / draws);
          expect(Math.abs(found[index + 1]! / draws - probability)).toBeLessThanOrEqual(spread + 1 / draws);
        });
      }),
      { numRuns: 15 },
    );
  },
);

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
