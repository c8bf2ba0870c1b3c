import { expect, test } from "vitest";
import type { Hit } from "../../src/retrieval/item-index.ts";
import { diversify, fillQuotas, mergeBest } from "../../src/retrieval/policies.ts";

const list = (interest: number, ...found: readonly (readonly [item: number, score: number])[]): Hit[] =>
  found.map(([item, score]) => ({ item, score, interest }));

const lists = [list(0, [1, 9], [2, 8], [3, 7], [4, 6]), list(1, [5, 5], [2, 4], [6, 3]), list(2, [7, 1])];
const itemsOf = (hits: readonly Hit[]) => hits.map(({ item }) => item);

test("merging keeps each item's best score and the interest that gave it", () => {
  expect(mergeBest(lists, 3)).toEqual(list(0, [1, 9], [2, 8], [3, 7]));
  const tied = [list(1, [4, 2], [3, 1]), list(0, [4, 2], [2, 1])];
  expect(mergeBest(tied, 9)).toEqual([...list(0, [4, 2], [2, 1]), ...list(1, [3, 1])]);
});

test("quotas give each interest its share, and what one cannot fill to the others", () => {
  expect(itemsOf(fillQuotas(lists, 3))).toEqual([1, 5, 7]);
  expect(itemsOf(fillQuotas(lists, 5))).toEqual([1, 2, 5, 6, 7]);
  expect(itemsOf(fillQuotas(lists, 99))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(fillQuotas([], 3)).toEqual([]);
});

test("an item that an interest has given is not given again by another", () => {
  const alike = [list(0, [1, 3], [2, 2]), list(1, [1, 3], [3, 1])];
  expect(itemsOf(fillQuotas(alike, 2))).toEqual([1, 3]);
});

// Items 1 to 4 and 6 are of category 1, 5 of 2, 7 of none.
const categories = { width: 1, count: 2, values: Uint32Array.of(0, 1, 1, 1, 1, 2, 1, 0) };

test("without a price on sameness the best come first, with one the other categories do", () => {
  expect(itemsOf(diversify(lists, 4, { lambda: 0, categories }))).toEqual([1, 2, 3, 4]);
  // After 1: 5 has 5 + 4, 2 has 8. Then 2 has 8 + 4, 7 has 1 + 8.
  expect(itemsOf(diversify(lists, 4, { lambda: 4, categories }))).toEqual([1, 5, 2, 7]);
  expect(() => diversify(lists, 4, { lambda: -1, categories })).toThrow(/lambda of at least 0, got -1/);
});

test("items of several categories are alike where they share one", () => {
  const values = Uint32Array.of(0, 0, 1, 2, 2, 3, 3, 4);
  const two = [list(0, [1, 3], [2, 2], [3, 1.5])];
  expect(itemsOf(diversify(two, 3, { lambda: 1, categories: { width: 2, count: 4, values } }))).toEqual([1, 3, 2]);
});
