import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rankingMetrics, unranked, usersWithoutTargets } from "../../src/evaluation/metrics.ts";

/** The arguments of rankingMetrics from one list of ranks per user. */
function ragged(lists: number[][]): [Uint32Array, Uint32Array] {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, user) => {
    offsets[user + 1] = offsets[user]! + list.length;
  });
  return [Uint32Array.from(lists.flat()), offsets];
}

const second = 1 / Math.log2(3);
const third = 1 / Math.log2(4);

describe("rankingMetrics by hand", () => {
  // biome-ignore format: a case a line
  const cases = [
    { name: "first place", lists: [[0]], n: 1, hitRate: 1, recall: 1, ndcg: 1, mrr: 1 },
    { name: "just outside", lists: [[5]], n: 5, hitRate: 0, recall: 0, ndcg: 0, mrr: 0 },
    { name: "last place inside", lists: [[2]], n: 3, hitRate: 1, recall: 1, ndcg: third, mrr: 1 / 3 },
    { name: "two of three, unsorted", lists: [[9, 2, 0]], n: 3, hitRate: 1, recall: 2 / 3, ndcg: (1 + third) / (1 + second + third), mrr: 1 },
    { name: "more targets than places", lists: [[1, 0, 2]], n: 2, hitRate: 1, recall: 2 / 3, ndcg: 1, mrr: 1 },
    { name: "a user without a target is left out", lists: [[0], [], [9]], n: 5, hitRate: 0.5, recall: 0.5, ndcg: 0.5, mrr: 0.5 },
    { name: "a repeated target counts once", lists: [[1, 1]], n: 2, hitRate: 1, recall: 1, ndcg: second, mrr: 0.5 },
    { name: "unranked targets are different items", lists: [[0, unranked, unranked]], n: 2, hitRate: 1, recall: 1 / 3, ndcg: 1 / (1 + second), mrr: 1 },
    { name: "nobody", lists: [], n: 10, hitRate: 0, recall: 0, ndcg: 0, mrr: 0 },
  ];
  test.each(cases)("$name", ({ lists, n, hitRate, recall, ndcg, mrr }) => {
    const [metrics] = rankingMetrics(...ragged(lists), [n]);
    expect(metrics!.at).toBe(n);
    expect(metrics!.hitRate).toBeCloseTo(hitRate, 12);
    expect(metrics!.recall).toBeCloseTo(recall, 12);
    expect(metrics!.ndcg).toBeCloseTo(ndcg, 12);
    expect(metrics!.mrr).toBeCloseTo(mrr, 12);
  });

  test("the caller's ranks are left in their order", () => {
    const [ranks, offsets] = ragged([[9, 2, 0]]);
    rankingMetrics(ranks, offsets, [3]);
    expect([...ranks]).toEqual([9, 2, 0]);
  });

  test("users without a target are counted", () => {
    expect(usersWithoutTargets(ragged([[], [1], []])[1])).toBe(2);
  });

  test.each([0, -1, 2.5, Number.NaN])("N = %s is refused", (n) => {
    expect(() => rankingMetrics(...ragged([[0]]), [10, n])).toThrow(`metrics at N need whole numbers N >= 1, got ${n}`);
  });
});

describe("rankingMetrics in general", () => {
  const places = [1, 2, 5, 10, 20];
  const users = fc.array(fc.uniqueArray(fc.nat({ max: 25 }), { maxLength: 6 }), { minLength: 1, maxLength: 12 });

  test("metrics lie in [0, 1]; hit rate, recall and MRR never fall with N", () => {
    fc.assert(
      fc.property(users, (lists) => {
        const all = rankingMetrics(...ragged(lists), places);
        all.forEach(({ hitRate, recall, ndcg, mrr }, index) => {
          for (const value of [hitRate, recall, ndcg, mrr]) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(1 + 1e-12);
          }
          expect(recall).toBeLessThanOrEqual(hitRate);
          expect(mrr).toBeLessThanOrEqual(hitRate);
          const before = all[index - 1];
          if (before === undefined) return;
          expect(hitRate).toBeGreaterThanOrEqual(before.hitRate);
          expect(recall).toBeGreaterThanOrEqual(before.recall);
          expect(mrr).toBeGreaterThanOrEqual(before.mrr);
        });
      }),
    );
  });

  test("with one target per user recall is the hit rate", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 25 }), { minLength: 1 }), (ranks) => {
        for (const { recall, hitRate } of rankingMetrics(...ragged(ranks.map((rank) => [rank])), places)) {
          expect(recall).toBe(hitRate);
        }
      }),
    );
  });

  test("a perfect ranking has NDCG, hit rate and MRR 1 at every N", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1 }), (counts) => {
        const lists = counts.map((count) => Array.from({ length: count }, (_, rank) => rank));
        for (const { ndcg, hitRate, mrr } of rankingMetrics(...ragged(lists), places)) {
          expect([hitRate, mrr]).toEqual([1, 1]);
          expect(ndcg).toBeCloseTo(1, 12);
        }
      }),
    );
  });
});
