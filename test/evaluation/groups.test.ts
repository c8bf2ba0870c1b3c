import { expect, test } from "vitest";
import { concatenateLists } from "../../src/data/sequences.ts";
import { byHistoryLength, byPopularity, quantileGroups } from "../../src/evaluation/groups.ts";

test("groups are about equally large, cover all, and keep equal numbers together", () => {
  expect(quantileGroups([5, 1, 2, 3, 4, 6], 3)).toEqual([
    { from: 1, to: 2, count: 2 },
    { from: 3, to: 4, count: 2 },
    { from: 5, to: 6, count: 2 },
  ]);
  expect(quantileGroups([7, 7, 7, 7, 9], 3)).toEqual([
    { from: 7, to: 7, count: 4 },
    { from: 9, to: 9, count: 1 },
  ]);
  expect(quantileGroups([3], 5)).toEqual([{ from: 3, to: 3, count: 1 }]);
  expect(quantileGroups([], 5)).toEqual([]);
});

/** Users with histories of 1, 1, 3 and 4 behaviours; the last has two targets. */
const heldOut = {
  history: concatenateLists([[1], [2], [1, 2, 3], [1, 2, 3, 4]]),
  targets: concatenateLists([[5], [6], [5], [6, 7]]),
};
const ranks = Uint32Array.of(0, 12, 3, 40, 9);

test("hit rate by the length of the history", () => {
  expect(byHistoryLength(ranks, heldOut, [5, 10], 2)).toEqual([
    { from: 1, to: 1, count: 2, found: [0.5, 0.5] },
    { from: 3, to: 4, count: 2, found: [0.5, 1] },
  ]);
});

test("targets found by how often they occur in the training part", () => {
  const counts = Uint32Array.of(0, 9, 9, 9, 9, 8, 2, 1);
  expect(byPopularity(ranks, heldOut, counts, [5, 10], 2)).toEqual([
    { from: 1, to: 2, count: 3, found: [0, 1 / 3] },
    { from: 8, to: 8, count: 2, found: [1, 1] },
  ]);
});

test("ranks that do not belong to the targets are refused", () => {
  expect(() => byHistoryLength(Uint32Array.of(1), heldOut, [5])).toThrow("expected 5 ranks, got 1");
});
