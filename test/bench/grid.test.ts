import { expect, test } from "vitest";
import { sizesOf } from "../../bench/grid.ts";
import { defaultSizes } from "../../bench/kernel-benchmark.ts";
import { behaviourCounts, quantile, uniform } from "../../bench/numbers.ts";
import { catalogueLog } from "../../bench/popularity.ts";

const changed = (sizes: typeof defaultSizes) =>
  Object.entries(sizes).filter(([key, value]) => value !== defaultSizes[key as keyof typeof defaultSizes]);

test("alone, each size takes its other values, and nothing is measured twice", () => {
  const [first, ...others] = sizesOf(defaultSizes, "axes");
  expect(first).toBe(defaultSizes);
  expect(others.map(changed)).toEqual([
    [["length", 20]],
    [["length", 200]],
    [["dimension", 32]],
    [["dimension", 128]],
    [["interests", 1]],
    [["interests", 8]],
    [["batch", 1]],
    [["batch", 4096]],
  ]);
});

test("all combinations are 81, each once, the given sizes first", () => {
  const all = sizesOf(defaultSizes, "all");
  expect(all[0]).toBe(defaultSizes);
  expect(new Set(all.map((sizes) => JSON.stringify(Object.values(sizes)))).size).toBe(81);
  expect(all).toHaveLength(81);
  expect(sizesOf({ ...defaultSizes, batch: 8192 }, "all")).toHaveLength(82);
});

test("one shape stays one", () => {
  expect(sizesOf(defaultSizes, "one")).toEqual([defaultSizes]);
});

test("quantiles lie between the samples", () => {
  expect([0, 0.25, 0.5, 1].map((share) => quantile([1, 2, 4, 8], share))).toEqual([1, 1.75, 3, 8]);
  expect(quantile([5], 0.5)).toBe(5);
  expect(quantile([], 0.5)).toBeNaN();
});

test("the numbers are those of the generator that other engines' scripts use", () => {
  const reference: number[] = [];
  let state = 3n;
  for (let i = 0; i < 50; i++) {
    state = (state * 1664525n + 1013904223n) % 2n ** 32n;
    reference.push(Math.fround(Number(state) / 2 ** 31 - 1));
  }
  expect([...uniform(50, 3)]).toEqual(reference);
});

test("every user has one to all behaviours", () => {
  const counts = behaviourCounts(1000, 50);
  expect(Math.min(...counts)).toBe(1);
  expect(Math.max(...counts)).toBe(50);
});

test.each([100, 10_000, 1_000_000])("a log over %i items holds ids from 1 on, popular ones far more often", (items) => {
  const log = catalogueLog({ users: 200, items, length: 60, seed: 1 });
  expect(log.items).toHaveLength(200 * 60);
  expect(log.offsets.at(-1)).toBe(log.items.length);
  expect(Math.min(...log.items)).toBe(1);
  expect(Math.max(...log.items)).toBeLessThanOrEqual(items);
  expect(Math.max(...log.items)).toBeGreaterThan(0.9 * items);
  const upToRoot = log.items.filter((item) => item <= Math.sqrt(items)).length;
  // Popularity by 1 / rank: half of all draws fall on the first sqrt(n) of n items.
  expect(upToRoot / log.items.length).toBeCloseTo(0.5, 1);
});
