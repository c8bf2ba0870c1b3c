import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { concatenateLists, itemsAt } from "../../src/data/sequences.ts";
import type { EvaluationUsers } from "../../src/data/split.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { rankingMetrics } from "../../src/evaluation/metrics.ts";
import { modelSpec, type TrainedSpec } from "../../src/models/registry.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { createJudge, type JudgeOptions, judge, type RankedList } from "../../src/training/judge.ts";
import { splitLog } from "../../src/training/protocol.ts";

const log = plantedLog({ users: 300, items: 90, topics: 9, length: [8, 14], seed: 3 });
const spec = modelSpec("mind", { dimension: 8, length: 12, hiddenLayers: [], interests: 3, embeddingDeviation: 1 });
const dataset = createDataset(splitLog(log, { protocol: "users", validationShare: 0.05, testShare: 0.95 }, 1));
const { test: users } = dataset.split;

/** The same users, each with an item of the history among the targets. */
const returning: EvaluationUsers = {
  ...users,
  targets: concatenateLists(
    Array.from(users.users, (_, index) => [itemsAt(users.history, index)[0]!, ...itemsAt(users.targets, index)]),
  ),
};

describe("judging", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.dispose());

  /** Judges a model whose parameters are random. */
  async function listsOf(evaluated: EvaluationUsers, count: number, options: Omit<JudgeOptions, "at"> = {}) {
    const lists: RankedList[] = [];
    const visit = (list: RankedList) => {
      lists.push(list);
    };
    const judgement = await judge(engine, engine.createParameters(), spec, dataset, evaluated, {
      at: [10],
      ...options,
      lists: { count, visit },
    });
    return { lists, judgement };
  }

  test.each([
    { name: "users", evaluated: users, includeSeen: false },
    { name: "users, seen items included", evaluated: users, includeSeen: true },
    { name: "users who come back to an item", evaluated: returning, includeSeen: false },
  ])("$name: lists hold every target at its rank, and none of the seen items but targets", async (testCase) => {
    const { evaluated, includeSeen } = testCase;
    const { lists, judgement } = await listsOf(evaluated, log.itemCount, { includeSeen });
    expect(lists.map(({ user }) => user)).toEqual([...evaluated.users]);
    for (const [index, { items, scores, interests }] of lists.entries()) {
      const targets = itemsAt(evaluated.targets, index);
      const ranks = judgement.ranks.subarray(evaluated.targets.offsets[index], evaluated.targets.offsets[index + 1]);
      expect([...ranks]).toEqual(Array.from(targets, (target) => items.indexOf(target)));
      const isLeftOut = (item: number) =>
        !includeSeen && itemsAt(evaluated.history, index).includes(item) && !targets.includes(item);
      expect(items.filter(isLeftOut)).toEqual([]);
      expect(items.length).toBe(
        Array.from({ length: log.itemCount }, (_, i) => i + 1).filter((item) => !isLeftOut(item)).length,
      );
      for (let place = 1; place < items.length; place++) {
        const isBehind = scores[place]! < scores[place - 1]!;
        expect(isBehind || (scores[place] === scores[place - 1] && items[place]! > items[place - 1]!)).toBe(true);
      }
      expect(interests.every((interest) => interest < judgement.interestCounts[index]!)).toBe(true);
    }
  });

  test("the interest that found an item is the one whose product with it is the score", async () => {
    const { lists, judgement } = await listsOf(users, 5);
    const parameters = engine.createParameters();
    const again = await judge(engine, parameters, spec, dataset, users, { at: [10] });
    const table = await parameters.read("items.embedding");
    expect(again.interests).toEqual(judgement.interests);
    for (const [index, { items, scores, interests }] of lists.entries()) {
      expect(items.length).toBe(5);
      for (const [place, item] of items.entries()) {
        const from = (index * 3 + interests[place]!) * 8;
        const vector = judgement.interests.subarray(from, from + 8);
        const product = vector.reduce((sum, value, i) => sum + value * table[item * 8 + i]!, 0);
        expect(product).toBeCloseTo(scores[place]!, 4);
      }
    }
  });

  test("a sample of the users gives their lists alone", async () => {
    const reports: number[][] = [];
    const onProgress = (...report: number[]) => reports.push(report);
    const { lists, judgement } = await listsOf(users, 10, { users: 7, onProgress });
    expect(reports).toEqual([
      [0, 7],
      [7, 7],
    ]);
    expect(lists.length).toBe(7);
    expect(new Set(lists.map(({ user }) => user)).size).toBe(7);
    expect(judgement.users).toBe(7);
  });

  test.each([1025, 5000])(
    "lists of %i items, more than the device finds at once, go on where it stopped",
    async (count) => {
      const large = plantedLog({ users: 120, items: 2500, topics: 9, length: [40, 60], seed: 3 });
      const split = createDataset(splitLog(large, { protocol: "users", validationShare: 0.1, testShare: 0.3 }, 1));
      const { users, history, targets } = split.split.test;
      const histories = Array.from(users, (_, index) => (index === 1 ? [] : itemsAt(history, index)));
      const evaluated: EvaluationUsers = { users, history: concatenateLists(histories), targets };
      const lists: RankedList[] = [];
      const visit = (list: RankedList) => void lists.push(list);
      const judging = { at: [10], lists: { count, visit } };
      const { ranks } = await judge(engine, engine.createParameters(), spec, split, evaluated, judging);
      for (const [index, { items, scores }] of lists.entries()) {
        const [from, to] = [evaluated.targets.offsets[index]!, evaluated.targets.offsets[index + 1]!];
        const targets = Array.from(evaluated.targets.items.subarray(from, to));
        const listed = Array.from(ranks.subarray(from, to), (rank) => (rank < items.length ? rank : -1));
        expect(listed).toEqual(targets.map((target) => items.indexOf(target)));
        expect(new Set(items).size).toBe(items.length);
        const left = [...new Set(histories[index])].filter((item) => !targets.includes(item)).length;
        expect(items.length).toBe(Math.min(count, large.itemCount - left));
        expect(scores.every((score, place) => place === 0 || score <= scores[place - 1]!)).toBe(true);
      }
    },
  );

  test("a user without a history is shown the first items", async () => {
    const newcomers: EvaluationUsers = {
      users: Uint32Array.of(0, 1),
      history: concatenateLists([[], [4, 5]]),
      targets: concatenateLists([[3], [2]]),
    };
    const { lists, judgement } = await listsOf(newcomers, 4);
    expect(lists[0]).toMatchObject({ items: [1, 2, 3, 4], scores: [0, 0, 0, 0] });
    expect(judgement.ranks[0]).toBe(2);
    expect(judgement.interestCounts[0]).toBe(0);
  });

  test("targets that were seen do not push each other's rank out", async () => {
    const { judgement } = await listsOf(returning, 1);
    for (let index = 0; index < returning.users.length; index++) {
      const own = judgement.ranks.subarray(returning.targets.offsets[index], returning.targets.offsets[index + 1]);
      expect(new Set(own).size).toBe(new Set(itemsAt(returning.targets, index)).size);
    }
    expect(judgement.metrics).toEqual(rankingMetrics(judgement.ranks, returning.targets.offsets, [10]));
  });

  test("a judge that is kept judges what has changed as a new one does, compiles once, and frees all of it", async () => {
    const programs: { isDisposed: boolean }[] = [];
    const counting: Engine = {
      ...engine,
      async compile(goal) {
        const program = await engine.compile(goal);
        const counted = { isDisposed: false };
        programs.push(counted);
        const dispose = () => {
          counted.isDisposed = true;
          program.dispose();
        };
        return { ...program, dispose };
      },
    };
    const parameters = engine.createParameters();
    const kept = createJudge(counting, parameters, spec as TrainedSpec, dataset, users, { at: [10] });
    const first = await kept.judge();
    const compiled = programs.length;
    expect(await kept.judge()).toEqual(first);
    const table = await parameters.read("items.embedding");
    parameters.write(
      "items.embedding",
      table.map((value, i) => Math.sin(value + i)),
    );
    const second = await kept.judge();
    expect(second.ranks).not.toEqual(first.ranks);
    expect(second).toEqual(await judge(engine, parameters, spec, dataset, users, { at: [10] }));
    expect(programs).toHaveLength(compiled);
    expect(programs.some(({ isDisposed }) => isDisposed)).toBe(false);
    kept.dispose();
    expect(programs.every(({ isDisposed }) => isDisposed)).toBe(true);
  });
});
