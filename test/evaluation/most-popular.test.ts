import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readInteractions } from "../../src/data/log-file.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { rankingMetrics, unranked } from "../../src/evaluation/metrics.ts";
import {
  mostPopularLists,
  mostPopularRanks,
  popularityOrder,
  type Ragged,
  seenItems,
} from "../../src/evaluation/most-popular.ts";
import { sharedFile } from "../data/files.ts";

function ragged(lists: number[][]): Ragged {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, user) => {
    offsets[user + 1] = offsets[user]! + list.length;
  });
  return { offsets, items: Uint32Array.from(lists.flat()) };
}

/** The same by the definition: make each user's list, look the target up in it. */
function bruteForce(order: Uint32Array, history: number[][], targets: number[][], includeSeen: boolean): number[] {
  return targets.flatMap((own, user) => {
    const list = [...order].filter((item) => includeSeen || own.includes(item) || !history[user]!.includes(item));
    return own.map((target) => (list.includes(target) ? list.indexOf(target) : unranked));
  });
}

describe("most popular", () => {
  test("the order is by count, then by first occurrence, then by id, without padding", () => {
    const lists = [[5, 2], [2, 4, 1], [4, 2, 4], [1]];
    expect([...popularityOrder({ userCount: 4, itemCount: 6, ...ragged(lists) })]).toEqual([2, 4, 1, 5, 3, 6]);
  });

  const order = Uint32Array.of(3, 1, 4, 2);
  // biome-ignore format: a case a line
  const cases = [
    { name: "no history", history: [[]], targets: [[4]], ranks: [2] },
    { name: "seen items ahead of the target go, each once", history: [[3, 3, 1]], targets: [[4]], ranks: [0] },
    { name: "seen items behind the target do not matter", history: [[2]], targets: [[1]], ranks: [1] },
    { name: "a target that was seen stays", history: [[1, 3]], targets: [[1]], ranks: [0] },
    { name: "another target that was seen stays", history: [[3]], targets: [[3, 1]], ranks: [0, 1] },
    {
      name: "a target outside the catalogue has no rank",
      history: [[3]],
      targets: [[0, 9]],
      ranks: [unranked, unranked],
    },
    { name: "seen items outside the catalogue are ignored", history: [[0, 9]], targets: [[3]], ranks: [0] },
    { name: "one user's history is not another's", history: [[3], []], targets: [[1], [1]], ranks: [0, 1] },
  ];
  test.each(cases)("$name", ({ history, targets, ranks }) => {
    expect([...mostPopularRanks(order, { history: ragged(history), targets: ragged(targets) })]).toEqual(ranks);
  });

  test("ranks are those of brute force, seen items excluded or not", () => {
    const items = fc.nat({ max: 14 });
    const users = fc.array(
      fc.record({ history: fc.array(items, { maxLength: 9 }), targets: fc.array(items, { maxLength: 4 }) }),
    );
    const order = fc.shuffledSubarray(Array.from({ length: 12 }, (_, i) => i + 1));
    fc.assert(
      fc.property(order, users, fc.boolean(), (some, people, includeSeen) => {
        const ranked = Uint32Array.from(some);
        const history = people.map((user) => user.history);
        const targets = people.map((user) => user.targets);
        const got = mostPopularRanks(ranked, { history: ragged(history), targets: ragged(targets) }, { includeSeen });
        expect([...got]).toEqual(bruteForce(ranked, history, targets, includeSeen));
      }),
    );
  });
});

describe("lists of the most popular", () => {
  const order = Uint32Array.of(3, 1, 4, 2);

  test("are the first items that are not seen; a target is never left out", () => {
    const heldOut = { history: ragged([[3, 4], [], [1, 3], [1, 2, 3, 4]]), targets: ragged([[1], [2], [3], [9]]) };
    expect([...mostPopularLists(order, heldOut, { count: 2 })]).toEqual([[1, 2], [3, 1], [3, 4], []]);
    expect([...mostPopularLists(order, heldOut, { count: 9, includeSeen: true })]).toEqual(Array(4).fill([3, 1, 4, 2]));
    expect([0, 1, 2, 3].map((user) => [...seenItems(heldOut, user)])).toEqual([[3, 4], [], [1], [1, 2, 3, 4]]);
  });

  test("hold every target at its rank", () => {
    const item = fc.integer({ min: 1, max: 4 });
    const users = fc.array(fc.record({ history: fc.array(item), targets: fc.array(item) }));
    fc.assert(
      fc.property(users, fc.boolean(), (people, includeSeen) => {
        const heldOut = {
          history: ragged(people.map((user) => user.history)),
          targets: ragged(people.map((user) => user.targets)),
        };
        const ranks = mostPopularRanks(order, heldOut, { includeSeen });
        const lists = [...mostPopularLists(order, heldOut, { count: 4, includeSeen })];
        expect([...ranks]).toEqual(
          people.flatMap(({ targets }, user) => targets.map((one) => lists[user]!.indexOf(one))),
        );
      }),
    );
  });
});

test("most popular on MovieLens-1M, as read and split by this package, has the published hit rates", async (context) => {
  const file = sharedFile("ml-1m/interactions.csv.gz", context.skip);
  const { train, test: held } = leaveOneOut(await readInteractions(file, { time: "position" }));
  const order = popularityOrder(train);
  const hitRates = (includeSeen: boolean) =>
    rankingMetrics(mostPopularRanks(order, held, { includeSeen }), held.targets.offsets, [10, 50, 100]).map(
      ({ hitRate }) => hitRate.toFixed(4),
    );
  expect(hitRates(false)).toEqual(["0.0394", "0.1452", "0.2326"]);
  expect(hitRates(true).slice(0, 2)).toEqual(["0.0189", "0.1101"]);
});
