import { expect, test } from "vitest";
import { publishedResults } from "../../src/report/published.ts";

const movieLens = { users: 6040, items: 3706, interactions: 1_000_209 };
const leaveOneOut = { protocol: { protocol: "leave-one-out" }, includeSeen: false } as const;
const comparable = (log: Parameters<typeof publishedResults>[0]) =>
  publishedResults(log)
    .filter(({ isComparable }) => isComparable)
    .map(({ data, model }) => `${data}: ${model}`);

test("numbers of others are comparable on the same log by the same protocol", () => {
  const results = publishedResults({ ...movieLens, ...leaveOneOut });
  expect(comparable({ ...movieLens, ...leaveOneOut })).toEqual([
    "MovieLens-1M: most popular",
    "MovieLens-1M: single vector, 6 passes",
    "MovieLens-1M: MIND, loss on the chosen interest, 8 passes",
  ]);
  expect(results.slice(0, 3).every(({ isComparable }) => isComparable)).toBe(true);
  expect(results.find(({ model }) => model === "single vector, 6 passes")!.metrics["HitRate@50"]).toBe(0.3296);
  const beauty = { users: 22_363, items: 12_101, interactions: 198_502 };
  expect(comparable({ ...beauty, ...leaveOneOut, includeSeen: true })).toEqual(["Amazon Beauty, 5-core: SASRec"]);
});

test.each([
  ["another protocol", { ...movieLens, ...leaveOneOut, protocol: { protocol: "random" } as const }],
  ["seen items included", { ...movieLens, ...leaveOneOut, includeSeen: true }],
  ["a part of the log", { ...movieLens, interactions: 487_650, ...leaveOneOut }],
  ["a log that is not at hand", { users: 603_668, items: 367_982, interactions: 8_898_041, ...leaveOneOut }],
])("nothing is comparable with %s", (_, log) => {
  expect(comparable(log)).toEqual([]);
  expect(publishedResults(log).length).toBeGreaterThan(10);
});
