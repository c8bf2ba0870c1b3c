import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { itemsAt, type Sequences } from "../../src/data/sequences.ts";
import { popularityOrder } from "../../src/evaluation/most-popular.ts";
import { type ItemCfOptions, itemCf } from "../../src/models/item-cf.ts";
import { anySequences, sequencesOf } from "../data/sequences.ts";

const silent = async () => {};

async function scoresOf(log: Sequences, options: ItemCfOptions, history: readonly number[]): Promise<number[]> {
  const model = itemCf(options);
  const { arrays, loss } = await model.pass(log, undefined, silent);
  expect(loss).toBeNull();
  for (const [name, shape] of model.shapes(log.itemCount)) expect(arrays.get(name)?.shape).toEqual(shape);
  const into = new Float32Array(log.itemCount + 1).fill(Number.NaN);
  model.scorer(arrays, log.itemCount).score(Uint32Array.from(history), into);
  return [...into];
}

/** Items 1 and 2 are always together, 3 is with everybody. */
const log = sequencesOf([
  [1, 2, 3],
  [2, 1, 3, 3],
  [3, 4],
]);

describe("item-based collaborative filtering", () => {
  const options = { length: 10, neighbours: 10, shrinkage: 0 };

  test("scores by the cosine of the users of two items", async () => {
    const scores = await scoresOf(log, options, [1]);
    expect(scores[2]).toBeCloseTo(1, 6);
    expect(scores[3]).toBeCloseTo(2 / Math.sqrt(2 * 3), 6);
  });

  test("what is nobody's neighbour follows by popularity", async () => {
    const scores = await scoresOf(log, options, [1]);
    // The item itself, item 4 and items 5 to 9 of no user; items 3, 1 and 2, of which 1 came first, are ahead of 4.
    expect(scores.slice(1).filter((score) => score <= 0).length).toBe(7);
    expect(scores[1]).toBeCloseTo(-1 / 9, 6);
    expect(scores[4]).toBeCloseTo(-3 / 9, 6);
    expect(scores[9]).toBeCloseTo(-8 / 9, 6);
  });

  test("similarities of several behaviours add up, those of a repeated one do not", async () => {
    const together = (await scoresOf(log, options, [1, 2]))[3]!;
    expect(together).toBeCloseTo(4 / Math.sqrt(2 * 3), 6);
    expect((await scoresOf(log, options, [1, 2, 1]))[3]).toBeCloseTo(together, 6);
  });

  test("only the latest behaviours count", async () => {
    expect(await scoresOf(log, { ...options, length: 1 }, [4, 1])).toEqual(await scoresOf(log, options, [1]));
  });

  test("shrinkage is added to the product of the norms", async () => {
    expect((await scoresOf(log, { ...options, shrinkage: 3 }, [1]))[2]).toBeCloseTo(2 / (2 + 3), 6);
  });

  test("a neighbour among few is the most similar, ties to the lower id", async () => {
    const one = { ...options, neighbours: 1 };
    const scores = await scoresOf(log, one, [1]);
    expect(scores[2]).toBeCloseTo(1, 6);
    expect(scores[3]).toBeLessThanOrEqual(0);
    // Items 2 and 3 are as similar to 1 as each other.
    const tie = await scoresOf(sequencesOf([[1, 2, 3]]), one, [1]);
    expect(tie[2]).toBeCloseTo(1, 6);
    expect(tie[3]).toBeLessThanOrEqual(0);
  });

  test("nobody's history is scored by popularity alone", async () => {
    const scores = await scoresOf(log, options, []);
    const order = [...scores.keys()].slice(1).sort((a, b) => scores[b]! - scores[a]!);
    expect(order).toEqual([...popularityOrder(log)]);
  });
});

test("any log: scores are those of the definition", async () => {
  const histories = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 });
  const optionsOf = fc.record({
    length: fc.integer({ min: 1, max: 4 }),
    neighbours: fc.integer({ min: 1, max: 5 }),
    shrinkage: fc.constantFrom(0, 0.5, 20),
  });
  await fc.assert(
    fc.asyncProperty(anySequences, histories, optionsOf, async (any, history, options) => {
      const users = Array.from({ length: any.userCount }, (_, user) => new Set(itemsAt(any, user)));
      const count = (...items: number[]) => users.filter((user) => items.every((item) => user.has(item))).length;
      const similarity = (a: number, b: number) =>
        Math.fround(count(a, b) / (Math.sqrt(count(a) * count(b)) + options.shrinkage));
      const all = Array.from({ length: 9 }, (_, i) => i + 1);
      const neighbours = (item: number) =>
        all
          .filter((other) => other !== item && count(item, other) > 0)
          .sort((a, b) => similarity(item, b) - similarity(item, a) || a - b)
          .slice(0, options.neighbours);
      const popularity = [...popularityOrder(any)];
      const got = await scoresOf(any, options, history);
      for (const item of all) {
        const behaviours = [...new Set(history.slice(-options.length))].filter((own) => neighbours(own).includes(item));
        const want =
          behaviours.length > 0
            ? behaviours.reduce((sum, own) => sum + similarity(own, item), 0)
            : -popularity.indexOf(item) / 9;
        expect(got[item]).toBeCloseTo(want, 5);
      }
    }),
    { numRuns: 60 },
  );
});
