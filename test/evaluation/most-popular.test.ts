import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rankingMetrics, unranked } from "../../src/evaluation/metrics.ts";
import {
  mostPopularLists,
  mostPopularRanks,
  popularityOrder,
  type Ragged,
  seenItems,
} from "../../src/evaluation/most-popular.ts";

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
  test("the order is by count, then by id, without padding", () => {
    expect([...popularityOrder(Uint32Array.of(9, 2, 5, 0, 5, 2))]).toEqual([2, 4, 1, 5, 3]);
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
    const counts = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 13 });
    fc.assert(
      fc.property(counts, users, fc.boolean(), (count, people, includeSeen) => {
        const ranked = popularityOrder(Uint32Array.from(count));
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

describe("most popular on MovieLens-1M", () => {
  const file = new URL("../../../shared/data/ml-1m/interactions.csv.gz", import.meta.url);

  // The published figures come from: counts without each user's last two items, ties by first appearance in the
  // file, everything before the last item seen.
  test("leave-one-out gives the published hit rates", (context) => {
    if (!existsSync(file)) context.skip(`${file.pathname} is not here`);
    const sequences = readSequences(gunzipSync(readFileSync(file)).toString("latin1"));
    const catalogue = new Set(sequences.flat()).size;
    const counts = new Uint32Array(catalogue + 1);
    for (const sequence of sequences) for (const item of sequence.slice(0, -2)) counts[item]!++;
    const history = ragged(sequences.map((sequence) => sequence.slice(0, -1)));
    const targets = ragged(sequences.map((sequence) => sequence.slice(-1)));
    const order = popularityOrder(counts);

    const hitRates = (includeSeen: boolean) =>
      rankingMetrics(
        mostPopularRanks(order, { history, targets }, { includeSeen }),
        targets.offsets,
        [10, 50, 100],
      ).map(({ hitRate }) => hitRate.toFixed(4));
    expect(hitRates(false)).toEqual(["0.0394", "0.1452", "0.2326"]);
    expect(hitRates(true).slice(0, 2)).toEqual(["0.0189", "0.1101"]);
  });
});

/** Item sequences from lines `user,item,position,...` that are sorted by user and position; ids from 1 by first appearance. */
function readSequences(text: string): number[][] {
  const ids = new Map<string, number>();
  const users = new Map<string, number[]>();
  for (const line of text.split("\n").slice(1)) {
    const [user, item] = line.split(",") as [string, string?];
    if (item === undefined) continue;
    if (!ids.has(item)) ids.set(item, ids.size + 1);
    if (!users.has(user)) users.set(user, []);
    users.get(user)!.push(ids.get(item)!);
  }
  return [...users.values()];
}
