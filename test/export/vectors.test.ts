import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { itemsAt } from "../../src/data/sequences.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { exportInterests, type Users } from "../../src/export/interests.ts";
import { exportItemVectors } from "../../src/export/item-vectors.ts";
import { partsOf } from "../../src/export/parts.ts";
import type { ModelName } from "../../src/models/registry.ts";
import { createRecommender } from "../../src/retrieval/recommender.ts";
import { decodeNpy } from "../../src/storage/npy.ts";
import type { StoredModel } from "../../src/training/model-folder.ts";
import { failureOf } from "../data/files.ts";
import { temporaryPaths } from "../storage/model-folders.ts";
import { untrainedModel } from "./models.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ adapter: "cpu" });
});
afterAll(() => engine.dispose());
const paths = temporaryPaths();
const pathOf = (name: string) => join(paths.root, name);

const readFloats = (name: string) => {
  const { shape, data } = decodeNpy(readFileSync(pathOf(name)), name);
  return { shape, values: Array.from(data) };
};
/** The whole numbers of a `.npy` file of one dimension. */
const readCounts = (name: string) => {
  const bytes = readFileSync(pathOf(name));
  const start = 10 + bytes.readUInt16LE(8);
  expect(start % 64).toBe(0);
  expect(bytes.toString("latin1", 10, start)).toMatch(/'descr': '<u4'.*'shape': \((\d+),\)/);
  return Array.from(new Uint32Array(new Uint8Array(bytes.subarray(start)).buffer));
};
const readParquet = async (name: string) => {
  const { buffer, byteOffset, byteLength } = readFileSync(pathOf(name));
  return parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer });
};
const readJsonl = (name: string) =>
  readFileSync(pathOf(name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const readIds = (name: string) => readFileSync(pathOf(name), "utf8").trimEnd().split("\n");

describe.each<[ModelName, Record<string, unknown>, boolean]>([
  ["mind", {}, false],
  ["mind", { normaliseOutputs: true, embeddingPrecision: "f16" }, true],
  ["dssm", {}, false],
])("item vectors of %s %j, features %s", (name, options, features) => {
  test("score what recommending scores, in every format", async () => {
    const model = untrainedModel(name, options, { features });
    const ids = model.log.itemIds.slice(1);
    for (const file of ["items.npy", "items.parquet", "items.jsonl"]) {
      const reports: number[][] = [];
      const onProgress = (...report: number[]) => reports.push(report);
      const content = await exportItemVectors(engine, model, pathOf(file), { onProgress });
      expect(content).toMatchObject({ rows: ids.length, dimension: 8 });
      expect(reports).toEqual([[ids.length, ids.length]]);
    }
    expect(readdirSync(paths.root).sort()).toEqual(["items.ids.txt", "items.jsonl", "items.npy", "items.parquet"]);
    const { shape, values } = readFloats("items.npy");
    expect(shape).toEqual([ids.length, 8]);
    expect(readIds("items.ids.txt")).toEqual(ids);
    const rows = ids.map((item, row) => ({ item, vector: values.slice(8 * row, 8 * (row + 1)) }));
    expect(await readParquet("items.parquet")).toEqual(rows);
    expect(readJsonl("items.jsonl").map(({ item, vector }) => ({ item, vector: vector.map(Math.fround) }))).toEqual(
      rows,
    );

    const recommender = await createRecommender(engine, model);
    const recipient = { history: itemsAt(model.log, 3), user: 3 };
    const [interests] = await recommender.interests([recipient]);
    const [recommendation] = await recommender.recommend([{ ...recipient, top: 5 }]);
    const { items } = recommendation!;
    expect(items).toHaveLength(5);
    for (const { item, score, interest } of items) {
      const { vector } = rows[item - 1]!;
      const product = vector.reduce((sum, value, c) => sum + value * interests![8 * interest + c]!, 0);
      expect(product).toBeCloseTo(score, 5);
    }
    recommender.dispose();
  });
});

const usersOf = ({ log, userFeatures }: StoredModel): Users => ({ sequences: log, userIds: log.userIds, userFeatures });

async function interestsOf(model: StoredModel) {
  const recommender = await createRecommender(engine, model);
  const { log } = model;
  const recipients = log.userIds.map((_, user) => ({
    history: itemsAt(log, user),
    times: log.times?.subarray(log.offsets[user], log.offsets[user + 1]),
    user,
  }));
  const interests = await recommender.interests(recipients);
  recommender.dispose();
  return interests.map((vectors, user) => ({
    user: log.userIds[user]!,
    interests: vectors.length / 8,
    vectors: Array.from({ length: vectors.length / 8 }, (_, j) => Array.from(vectors.slice(8 * j, 8 * (j + 1)))),
  }));
}

describe("interests of many users", () => {
  test.each<[Record<string, unknown>, boolean]>([
    [{}, false],
    [{ times: "learned" }, true],
  ])("%j, features %s, are those of recommending, in every format", async (options, features) => {
    const model = untrainedModel("mind", options, { features });
    const rows = await interestsOf(model);
    expect(new Set(rows.map(({ interests }) => interests)).size).toBeGreaterThan(1);
    for (const file of ["of.users.npy", "u.parquet", "u.jsonl"]) {
      const written = await exportInterests(engine, model, usersOf(model), pathOf(file));
      expect(written).toMatchObject({ dimension: 8, users: rows.length, files: [pathOf(file)], finished: true });
    }
    expect(await readParquet("u.parquet")).toEqual(rows);
    const lines = readJsonl("u.jsonl").map((row) => ({
      ...row,
      vectors: row.vectors.map((v: number[]) => v.map(Math.fround)),
    }));
    expect(lines).toEqual(rows);
    const { shape, values } = readFloats("of.users.npy");
    expect(shape).toEqual([rows.length, 3, 8]);
    expect(readIds("of.users.ids.txt")).toEqual(rows.map(({ user }) => user));
    expect(readCounts("of.users.counts.npy")).toEqual(rows.map((row) => row.interests));
    const padded = rows.flatMap(({ vectors }) => Array.from({ length: 24 }, (_, i) => vectors.flat()[i] ?? 0));
    expect(values).toEqual(padded);
  });

  test("in shards are the same rows, each part whole, and a second start goes on behind the finished ones", async () => {
    const model = untrainedModel("mind");
    const rows = await interestsOf(model);
    const write = (index: number, more = {}) =>
      exportInterests(engine, model, usersOf(model), pathOf("i.jsonl"), {
        shard: { index, of: 2 },
        partUsers: 6,
        ...more,
      });
    const interruption = new AbortController();
    const stopped = await write(1, { signal: interruption.signal, onProgress: () => interruption.abort() });
    expect(stopped).toMatchObject({ users: 0, files: [], finished: false });
    expect(readdirSync(paths.root)).toEqual(["i.parts.json"]);
    expect((await write(1)).files).toEqual([pathOf("i-00001-of-00004.jsonl"), pathOf("i-00002-of-00004.jsonl")]);
    expect(await write(1)).toMatchObject({ users: 0, files: [], earlier: 2, finished: true });
    await write(2);
    const parts = readdirSync(paths.root).filter((name) => name.endsWith(".jsonl"));
    expect(parts).toHaveLength(4);
    expect(parts.flatMap(readJsonl).map(({ user }) => user)).toEqual(rows.map(({ user }) => user));
  });

  test("of another model do not mix with the parts that are there", async () => {
    const write = (seed: number) => {
      const model = untrainedModel("mind", { seed });
      return exportInterests(engine, model, usersOf(model), pathOf("i.jsonl"), { partUsers: 10 });
    };
    expect((await write(1)).files).toHaveLength(3);
    expect(await failureOf(() => write(2))).toMatch(/speaks of parts of another model, log or number of parts; remove/);
  });
});

test.each([
  [23, 100, 1, [[0, 23]]],
  [
    23,
    10,
    1,
    [
      [0, 7],
      [7, 15],
      [15, 23],
    ],
  ],
  [
    2,
    10,
    3,
    [
      [0, 0],
      [0, 1],
      [1, 2],
    ],
  ],
  [
    100,
    20,
    2,
    [
      [0, 16],
      [16, 33],
      [33, 50],
      [50, 66],
      [66, 83],
      [83, 100],
    ],
  ],
])("%i users in files of %i for %i shards", (users, most, of, ranges) => {
  const parts = Array.from({ length: of }, (_, i) => partsOf("x.npy", users, most, { index: i + 1, of })).flat();
  expect(parts.map(({ from, to }) => [from, to])).toEqual(ranges);
  expect(new Set(parts.map(({ path }) => path)).size).toBe(ranges.length);
});
