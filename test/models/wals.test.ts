import { describe, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { itemsAt, type Sequences } from "../../src/data/sequences.ts";
import type { Arrays } from "../../src/models/arrays.ts";
import { embeddings } from "../../src/models/initializers.ts";
import { createNormalEquations, fewTargets, gramOf } from "../../src/models/normal-equations.ts";
import { type WalsOptions, wals } from "../../src/models/wals.ts";
import { sequencesOf } from "../data/sequences.ts";

const silent = async () => {};
const name = "items.embedding";
const options: WalsOptions = {
  dimension: 3,
  length: 100,
  confidence: 4,
  regularisation: 0.7,
  embeddingDeviation: 0.5,
  seed: 2,
};

/** Nine items; a user without any, one who comes back to an item, items of nobody. */
const log = sequencesOf([[1, 2, 3], [], [2, 4, 2, 2], [5, 1, 6, 3], [7]]);

type Rows = readonly (readonly number[])[];

const rowsOf = (data: Float32Array, width: number): Rows =>
  Array.from({ length: data.length / width }, (_, row) => [...data.subarray(row * width, (row + 1) * width)]);

const sumOver = <T>(list: readonly T[], value: (element: T, index: number) => number) =>
  list.reduce((sum, element, index) => sum + value(element, index), 0);

/** How often user u had item i. */
const timesOf = ({ userCount, itemCount, ...lists }: Sequences): Rows =>
  Array.from({ length: userCount }, (_, user) =>
    Array.from({ length: itemCount + 1 }, (_, item) => itemsAt(lists, user).filter((own) => own === item).length),
  );

/** `(sum c y y^T + lambda I)^-1 sum c p y` by Gauss and Jordan: every pair with its own confidence, nothing reordered. */
function solve(factors: Rows, times: readonly number[], { confidence, regularisation, dimension }: WalsOptions) {
  const weights = times.map((count) => 1 + confidence * count);
  const matrix = Array.from({ length: dimension }, (_, i) => [
    ...Array.from(
      { length: dimension },
      (_, j) => sumOver(factors, (y, n) => weights[n]! * y[i]! * y[j]!) + (i === j ? regularisation : 0),
    ),
    sumOver(factors, (y, n) => (times[n]! > 0 ? weights[n]! * y[i]! : 0)),
  ]);
  for (let i = 0; i < dimension; i++) {
    const pivot = matrix[i]![i]!;
    matrix[i] = matrix[i]!.map((value) => value / pivot);
    for (let other = 0; other < dimension; other++) {
      if (other === i) continue;
      const factor = matrix[other]![i]!;
      matrix[other] = matrix[other]!.map((value, column) => value - factor * matrix[i]![column]!);
    }
  }
  return matrix.map((row) => row[dimension]!);
}

/** A pass and its loss by the definitions. */
function passByDefinition(times: Rows, before: Rows, own: WalsOptions) {
  const users = times.map((counts) => solve(before, counts, own));
  const items = before.map((_, item) =>
    solve(
      users,
      times.map((counts) => counts[item]!),
      own,
    ),
  );
  const squares = (rows: Rows) => sumOver(rows, (row) => sumOver(row, (value) => value * value));
  const loss =
    sumOver(times, (counts, user) =>
      sumOver(counts, (count, item) => {
        const error = (count > 0 ? 1 : 0) - sumOver(users[user]!, (x, i) => x * items[item]![i]!);
        return (1 + own.confidence * count) * error * error;
      }),
    ) +
    own.regularisation * (squares(users) + squares(items));
  return { items, loss: loss / sumOver(times, (counts) => counts.filter((count) => count > 0).length) };
}

const expectClose = (got: readonly number[], want: readonly number[]) => {
  expect(got.length).toBe(want.length);
  for (const [i, value] of want.entries()) expect(got[i]).toBeCloseTo(value, 5);
};

describe("weighted alternating least squares", () => {
  test.each([
    { title: "a width that is no multiple of 4", own: options },
    { title: "wider than there are users", own: { ...options, dimension: 8 } },
    { title: "a single factor", own: { ...options, dimension: 1 } },
    { title: "hardly any regularisation", own: { ...options, regularisation: 1e-3 } },
  ])("$title: a pass solves for all users and then for all items, exactly", async ({ own }) => {
    const model = wals(own);
    const shape = [log.itemCount + 1, own.dimension];
    let before: Arrays | undefined;
    let rows = rowsOf(embeddings(own.embeddingDeviation, { seed: own.seed, name })(shape), own.dimension);
    for (let pass = 0; pass < 3; pass++) {
      const { arrays, loss } = await model.pass(log, before, silent);
      const want = passByDefinition(timesOf(log), rows, own);
      expect(model.shapes(log.itemCount).get(name)).toEqual(arrays.get(name)!.shape);
      rows = rowsOf(arrays.get(name)!.data, own.dimension);
      for (const [item, row] of rows.entries()) expectClose(row, want.items[item]!);
      expect(loss).toBeCloseTo(want.loss, 5);
      before = arrays;
    }
  });

  test.each([7, 13, 16])("with %i factors, rows of few and of many entries are solved exactly", async (dimension) => {
    const own = { ...options, dimension };
    const several = plantedLog({ users: 30, items: 20, topics: 4, length: [1, 18], seed: 4 });
    const lengths = timesOf(several).map((counts) => counts.filter((count) => count > 0).length);
    expect(Math.min(...lengths)).toBeLessThanOrEqual(fewTargets(dimension));
    expect(Math.max(...lengths)).toBeGreaterThan(fewTargets(dimension));
    const { arrays, loss } = await wals(own).pass(several, undefined, silent);
    const first = embeddings(own.embeddingDeviation, { seed: own.seed, name })([several.itemCount + 1, dimension]);
    const want = passByDefinition(timesOf(several), rowsOf(first, dimension), own);
    for (const [item, row] of rowsOf(arrays.get(name)!.data, dimension).entries()) expectClose(row, want.items[item]!);
    expect(loss).toBeCloseTo(want.loss, 5);
  });

  test("every pass makes the loss smaller", async () => {
    const planted = plantedLog({ users: 120, items: 90, topics: 9, length: [8, 14], seed: 3 });
    const model = wals({ ...options, dimension: 6 });
    const losses: number[] = [];
    let before: Arrays | undefined;
    for (let pass = 0; pass < 8; pass++) {
      const { arrays, loss } = await model.pass(planted, before, silent);
      losses.push(loss!);
      before = arrays;
    }
    for (let pass = 1; pass < 8; pass++) expect(losses[pass]).toBeLessThan(losses[pass - 1]!);
  });

  test("a history is folded in by the same solution, its latest behaviours alone if asked so", async () => {
    const { arrays } = await wals(options).pass(log, undefined, silent);
    const items = rowsOf(arrays.get(name)!.data, options.dimension);
    const score = (history: readonly number[], length: number) => {
      const into = new Float32Array(log.itemCount + 1);
      wals({ ...options, length })
        .scorer(arrays, log.itemCount)
        .score(Uint32Array.from(history), into);
      return [...into];
    };
    for (const history of [[], [4], [2, 4, 2, 2], [9, 8, 7, 6, 5, 4, 3]]) {
      const times = items.map((_, item) => history.filter((own) => own === item).length);
      const user = solve(items, times, options);
      expectClose(
        score(history, 100),
        items.map((y) => sumOver(y, (value, i) => value * user[i]!)),
      );
    }
    expect(score([], 100)).toEqual(new Array(10).fill(0));
    expect(score([1, 2, 3, 2], 2)).toEqual(score([3, 2], 100));
  });

  test("goes on from a pass with the same bits, in the same model or in another", async () => {
    const model = wals(options);
    const first = await model.pass(log, undefined, silent);
    const second = await model.pass(log, first.arrays, silent);
    const elsewhere = await wals(options).pass(log, first.arrays, silent);
    expect(elsewhere).toEqual(second);
    expect(await wals({ ...options, seed: 3 }).pass(log, undefined, silent)).not.toEqual(first);
  });
});

test("normal equations without a solution are refused", () => {
  const factors = Float32Array.of(1, 1, 2, 2);
  const without = { dimension: 2, confidence: 3, regularisation: 0 };
  const equations = createNormalEquations({ factors, gram: gramOf(factors, 2) }, without);
  expect(() => equations.solve(Uint32Array.of(1), Uint32Array.of(1), 0, 1)).toThrow("raise --regularisation");
});
