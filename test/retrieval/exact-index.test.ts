import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine, type Engine } from "../../src/engine.ts";
import { createExactIndex } from "../../src/retrieval/exact-index.ts";
import type { Hit, ItemIndex, Query } from "../../src/retrieval/item-index.ts";
import { exactSearch } from "../support/exact-search.ts";
import { normals } from "../support/op.ts";

const itemCount = 300;
const dimension = 6;
const table = normals([itemCount + 1, dimension], 1).data as Float32Array;

let engine: Engine;
let index: ItemIndex;
beforeAll(async () => {
  engine = await createEngine();
  const parameters = engine.createParameters();
  parameters.define("vectors", [itemCount + 1, dimension], table);
  index = createExactIndex(engine, { name: "vectors", itemCount, dimension, parameters });
});
afterAll(() => {
  index.dispose();
  engine.dispose();
});

const expected = (query: Query, depth: number) => exactSearch({ itemCount, dimension, values: table }, query, depth);

const vectorsOf = (count: number, seed: number) => normals([count, dimension], seed).data as Float32Array;
const queries: readonly Query[] = [
  { vectors: vectorsOf(3, 2) },
  { vectors: vectorsOf(1, 3), hidden: [7, 7, 1, 300, 299, ...Array.from({ length: 40 }, (_, i) => 50 + i)] },
  { vectors: new Float32Array(0) },
  { vectors: vectorsOf(4, 4), allowed: [5, 6, 100, 300, 9999], hidden: [6] },
  // More than are listed one by one.
  { vectors: vectorsOf(2, 5), hidden: Array.from({ length: 1500 }, (_, i) => 1 + (i % 200)).concat(5000) },
  { vectors: vectorsOf(2, 6), allowed: [5, 6, 250], hidden: new Array<number>(2000).fill(6) },
];

function expectSame(got: readonly Hit[], want: readonly Hit[]): void {
  expect(got.map(({ item, interest }) => ({ item, interest }))).toEqual(
    want.map(({ item, interest }) => ({ item, interest })),
  );
  for (const [i, { score }] of got.entries()) expect(score).toBeCloseTo(want[i]!.score, 4);
}

test.each([1, 10, 400])("finds the best %i of each query, together and alone", async (depth) => {
  const together = await index.search(queries, depth);
  expect(together).toHaveLength(queries.length);
  for (const [i, query] of queries.entries()) {
    expectSame(together[i]!, expected(query, depth));
    expect((await index.search([query], depth))[0]).toEqual(together[i]);
  }
});

test("more queries than one batch, asked for at the same time", async () => {
  const many = Array.from({ length: 150 }, (_, i): Query => ({ vectors: vectorsOf(1 + (i % 3), 10 + i) }));
  const [first, second] = await Promise.all([index.search(many, 5), index.search([...many].reverse(), 5)]);
  for (const [i, query] of many.entries()) expectSame(first[i]!, expected(query, 5));
  expect([...second].reverse()).toEqual(first);
});

test("nobody asking finds nothing; what cannot be answered is refused", async () => {
  expect(await index.search([], 5)).toEqual([]);
  await expect(index.search(queries, 0)).rejects.toThrow(/depth from 1 to 1024, got 0/);
  await expect(index.search(queries, 1025)).rejects.toThrow(/got 1025/);
  await expect(index.search([{ vectors: new Float32Array(7) }], 5)).rejects.toThrow(/vectors of 6 numbers each, got 7/);
});
