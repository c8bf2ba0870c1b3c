import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeFeatures } from "../../src/data/features.ts";
import { categoriesOf } from "../../src/evaluation/categories.ts";
import { createListMeter, type ListMetrics } from "../../src/evaluation/list-metrics.ts";

/** Categories of items 1, 2, ... as lists of letters. */
function categories(...items: string[]) {
  const values = items.map((letters) => [...letters]);
  return categoriesOf(encodeFeatures([{ name: "category", values }], items.length));
}

const counts = Uint32Array.of(0, 10, 8, 4, 2, 1);

describe("list metrics by hand", () => {
  const kinds = categories("a", "b", "a", "", "ab");
  // biome-ignore format: a case a line
  const cases: { name: string; lists: number[][]; n: number; want: Omit<ListMetrics, "at"> }[] = [
    { name: "two different", lists: [[1, 2]], n: 2, want: { coverage: 2 / 5, diversity: 1, popularity: 9 } },
    { name: "two alike", lists: [[1, 3]], n: 2, want: { coverage: 2 / 5, diversity: 0, popularity: 7 } },
    { name: "one pair of three differs twice", lists: [[1, 2, 3]], n: 3, want: { coverage: 3 / 5, diversity: 2 / 3, popularity: 22 / 3 } },
    { name: "an item of both differs from none", lists: [[1, 2, 5]], n: 3, want: { coverage: 3 / 5, diversity: 1 / 3, popularity: 19 / 3 } },
    { name: "pairs with an unknown category do not count", lists: [[1, 4, 2]], n: 3, want: { coverage: 3 / 5, diversity: 1, popularity: 20 / 3 } },
    { name: "users without a pair have no diversity", lists: [[1, 4], [1, 3]], n: 2, want: { coverage: 3 / 5, diversity: 0, popularity: 6.5 } },
    { name: "a single item has no pair", lists: [[1]], n: 1, want: { coverage: 1 / 5, diversity: null, popularity: 10 } },
    { name: "items beyond N do not count", lists: [[1, 3, 2]], n: 2, want: { coverage: 2 / 5, diversity: 0, popularity: 7 } },
    { name: "a short list counts as it is", lists: [[1, 2], [3, 1]], n: 4, want: { coverage: 3 / 5, diversity: 0.5, popularity: 8 } },
    { name: "an empty list is nobody's", lists: [[], [2]], n: 2, want: { coverage: 1 / 5, diversity: null, popularity: 8 } },
    { name: "nobody", lists: [], n: 2, want: { coverage: 0, diversity: null, popularity: null } },
  ];
  test.each(cases)("$name", ({ lists, n, want }) => {
    const meter = createListMeter([n], { itemCounts: counts, categories: kinds });
    for (const list of lists) meter.add(list);
    expect(meter.result()).toEqual([{ at: n, ...want }]);
  });

  test("without categories there is no diversity", () => {
    const meter = createListMeter([2], { itemCounts: counts });
    meter.add([1, 2]);
    expect(meter.result()[0]).toMatchObject({ diversity: null, popularity: 9 });
  });

  test("categories of another catalogue and N of zero are refused", () => {
    expect(() => createListMeter([2], { itemCounts: counts, categories: categories("a") })).toThrow(
      "expected categories [6, 1], got 2",
    );
    expect(() => createListMeter([0], { itemCounts: counts })).toThrow("metrics at N need whole numbers N >= 1, got 0");
  });
});

test("every N is what the definition says, all in one pass", () => {
  const itemCount = 12;
  const item = fc.integer({ min: 1, max: itemCount });
  const kinds = fc.array(fc.subarray(["a", "b", "c", "d"], { maxLength: 3 }), {
    minLength: itemCount,
    maxLength: itemCount,
  });
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(item, { maxLength: 8 }), { maxLength: 6 }), kinds, (lists, own) => {
      const itemCounts = Uint32Array.from({ length: itemCount + 1 }, (_, i) => (i * 7) % 5);
      const letters = categories(...own.map((all) => all.join("")));
      const at = [3, 1, 20];
      const meter = createListMeter(at, { itemCounts, categories: letters });
      for (const list of lists) meter.add(list);
      for (const result of meter.result()) {
        const tops = lists.map((list) => list.slice(0, result.at)).filter((list) => list.length > 0);
        const shares = tops.flatMap((list) => {
          const pairs = list.flatMap((a, i) => list.slice(i + 1).map((b) => [own[a - 1]!, own[b - 1]!] as const));
          const counted = pairs.filter(([a, b]) => a.length > 0 && b.length > 0);
          const different = counted.filter(([a, b]) => !a.some((kind) => b.includes(kind)));
          return counted.length === 0 ? [] : [different.length / counted.length];
        });
        const mean = (values: number[]) =>
          values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
        const popularity = mean(tops.map((list) => mean(list.map((i) => itemCounts[i]!))!));
        expect(result.coverage).toBe(new Set(tops.flat()).size / itemCount);
        for (const [got, want] of [
          [result.diversity, mean(shares)],
          [result.popularity, popularity],
        ] as const) {
          if (want === null) expect(got).toBeNull();
          else expect(got).toBeCloseTo(want, 12);
        }
      }
    }),
  );
});

test("a column of several is found by its name, with ids of its own", () => {
  const table = encodeFeatures(
    [
      { name: "brand", values: [["x", "y"], ["x"]] },
      { name: "kind", values: [["a"], ["a", "b"]] },
    ],
    2,
  );
  expect(categoriesOf(table, "kind")).toEqual({ width: 2, count: 2, values: Uint32Array.of(0, 0, 1, 0, 1, 2) });
  expect(categoriesOf(table)).toEqual({ width: 2, count: 2, values: Uint32Array.of(0, 0, 1, 2, 1, 0) });
  expect(() => categoriesOf(table, "colour")).toThrow('no feature column "colour"; the columns are brand, kind');
});
