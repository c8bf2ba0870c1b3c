import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type IndexDescription, openIndex, saveIndex } from "../../src/retrieval/index-folder.ts";
import type { Hit, Query } from "../../src/retrieval/item-index.ts";
import { fingerprintOf } from "../../src/retrieval/item-vectors.ts";
import { factorFor, recallOf } from "../../src/retrieval/recall.ts";
import { buildUsearch, createUsearchIndex } from "../../src/retrieval/usearch-index.ts";
import { exactSearch } from "../support/exact-search.ts";
import { normals } from "../support/op.ts";

// Enough that searches of few items go through the graph.
const itemCount = 6000;
const dimension = 8;
const sizes = { itemCount, dimension };
const values = normals([itemCount + 1, dimension], 1).data as Float32Array;
// Some vectors are much longer than others, as embeddings of frequent items are.
for (let item = 1; item <= itemCount; item += 7) {
  for (let c = 0; c < dimension; c++) values[item * dimension + c]! *= 3;
}
const vectors = { ...sizes, values };

let folder: string;
let graph: Awaited<ReturnType<typeof buildUsearch>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polymind-index-"));
  graph = await buildUsearch(vectors);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const exact = (query: Query, depth: number) => exactSearch(vectors, query, depth);

const vectorsOf = (count: number, seed: number) => normals([count, dimension], seed).data as Float32Array;
const queries = Array.from({ length: 30 }, (_, i): Query => ({ vectors: vectorsOf(1 + (i % 4), 10 + i) }));
const index = () => createUsearchIndex(graph, vectors, { factor: 4 });

test("finds nearly all of what an exact search finds, with its scores and interests", async () => {
  const wanted = queries.map((query) => exact(query, 20));
  expect(await recallOf(index(), queries, wanted, 20)).toBeGreaterThan(0.98);
  const built = await buildUsearch(vectors, { threads: 3 });
  expect(built.size()).toBe(itemCount);
  expect(await recallOf(createUsearchIndex(built, vectors, { factor: 4 }), queries, wanted, 20)).toBeGreaterThan(0.98);
  for (const [i, hits] of (await index().search(queries, 20)).entries()) {
    for (const hit of hits) {
      const same = wanted[i]!.find(({ item }) => item === hit.item);
      if (!same) continue;
      expect(hit.interest).toBe(same.interest);
      expect(hit.score).toBeCloseTo(same.score, 3);
    }
  }
});

test("hidden items are not found, allowed ones alone are, however far away they are", async () => {
  const vectorsOfOne = vectorsOf(2, 5);
  const [best] = exact({ vectors: vectorsOfOne }, 1) as [Hit];
  const worst = exact({ vectors: vectorsOfOne }, itemCount).slice(-3);
  const [without] = await index().search([{ vectors: vectorsOfOne, hidden: [best.item] }], 5);
  expect(without).toHaveLength(5);
  expect(without!.some(({ item }) => item === best.item)).toBe(false);
  const allowed = worst.map(({ item }) => item);
  const [among] = await index().search([{ vectors: vectorsOfOne, allowed }], 5);
  expect(among!.map(({ item }) => item)).toEqual(allowed);
});

test.each([
  { name: "nearly all hidden", hidden: (order: number[]) => order.slice(0, itemCount - 40) },
  { name: "many hidden", hidden: (order: number[]) => order.slice(0, 400) },
  { name: "half of them allowed", allowed: (order: number[]) => order.filter((_, rank) => rank % 2 === 1) },
  { name: "few allowed", allowed: (order: number[]) => [...order.slice(-60), 0, itemCount + 1] },
  { name: "none allowed", allowed: () => [] },
])("filters shorten no list: $name", async ({ hidden, allowed }) => {
  const vectorsOfOne = vectorsOf(3, 6);
  const order = exact({ vectors: vectorsOfOne }, itemCount).map(({ item }) => item);
  const query = { vectors: vectorsOfOne, hidden: hidden?.(order), allowed: allowed?.(order) };
  const wanted = exact(query, 30);
  const [found] = await index().search([query], 30);
  expect(found).toHaveLength(wanted.length);
  expect(await recallOf(index(), [query], [wanted], 30)).toBeGreaterThanOrEqual(0.9);
  expect(new Set(found!.map(({ item }) => item)).size).toBe(wanted.length);
});

test("where the graph is no quicker all items are compared, exactly", async () => {
  for (const query of queries.slice(0, 4)) {
    const [found] = await index().search([query], 1000);
    expect(found!.map(({ item, interest }) => [item, interest])).toEqual(
      exact(query, 1000).map(({ item, interest }) => [item, interest]),
    );
  }
});

test("no vectors find nothing, and vectors of another width are refused", async () => {
  expect(await index().search([{ vectors: new Float32Array(0) }], 5)).toEqual([[]]);
  await expect(index().search([{ vectors: new Float32Array(9) }], 5)).rejects.toThrow(/vectors of 8 numbers each/);
  await expect(index().search(queries, 0)).rejects.toThrow(/depth of at least 1, got 0/);
});

test("the search goes deeper until the recall is enough, and says what it reached where it never is", async () => {
  const wanted = queries.map((query) => exact(query, 10));
  const asked: number[] = [];
  const found = (share: number) => (factor: number) => {
    asked.push(factor);
    const search = async (all: readonly Query[]) =>
      all.map((_, i) => wanted[i]!.slice(0, Math.round(10 * Math.min(1, share * factor))));
    return { ...sizes, search, dispose() {} };
  };
  expect(await factorFor(found(0.3), queries, wanted, { at: 10, target: 0.95 })).toEqual({ factor: 4, recall: 1 });
  expect(asked).toEqual([1, 2, 4]);
  expect(await factorFor(found(0.01), queries, wanted, { at: 10, target: 0.95 })).toMatchObject({
    factor: 32,
    recall: 0.3,
  });
});

const description: IndexDescription = {
  kind: "usearch",
  fingerprint: fingerprintOf(vectors),
  ...sizes,
  factor: 4,
  recall: { at: 10, queries: 30, target: 0.9, reached: 0.99 },
};

test.each([false, true])("is saved and opened with the same answers, mapped: %s", async (map) => {
  const path = join(folder, `saved-${map}`);
  await saveIndex(path, graph, description);
  const opened = await openIndex(path, vectors, { map });
  expect(opened.description).toEqual(description);
  expect(await opened.index.search(queries, 10)).toEqual(await index().search(queries, 10));
});

test("an index of other vectors, a damaged one and a folder of something else are refused by name", async () => {
  const path = join(folder, "refused");
  await saveIndex(path, graph, description);
  const other = { ...vectors, values: Float32Array.from(values, (value, i) => (i === 9 ? value + 1 : value)) };
  await expect(openIndex(path, other)).rejects.toThrow(/built from 6000 items of 8 numbers of another model/);
  const file = join(path, "items.usearch");
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, bytes.length / 2));
  await expect(openIndex(path, vectors)).rejects.toThrow(/items\.usearch/);
  await expect(openIndex(join(folder, "nowhere"), vectors)).rejects.toThrow(/nowhere/);
});

test("a vector that is not finite is named", async () => {
  const spoilt = { ...vectors, values: Float32Array.from(values).fill(Number.NaN, 3 * dimension, 3 * dimension + 1) };
  await expect(buildUsearch(spoilt)).rejects.toThrow(/vector of item 3 is not finite/);
});
