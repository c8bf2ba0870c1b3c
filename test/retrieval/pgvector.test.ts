import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Hit, Query } from "../../src/retrieval/item-index.ts";
import { fingerprintOf, type ItemVectors } from "../../src/retrieval/item-vectors.ts";
import { openPostgresIndex } from "../../src/retrieval/pgvector-index.ts";
import { type PushOptions, pushToPostgres } from "../../src/retrieval/pgvector-push.ts";
import { isPostgresUrl, shownUrl, tablesOf } from "../../src/retrieval/postgres.ts";
import { exactSearch } from "../support/exact-search.ts";
import { normals } from "../support/op.ts";

// POSTGRES_URL names a real server, where COPY is used; else PostgreSQL runs in this process, behind a real socket, which does not speak it.
const server = process.env["POSTGRES_URL"];
const load: PushOptions["load"] = server ? "copy" : "insert";

const itemCount = 400;
const dimension = 6;
const itemIds = ["", ...Array.from({ length: itemCount }, (_, i) => (i === 6 ? "tab\there \\ é" : `item ${i + 1}`))];

function vectorsOf(seed: number): ItemVectors {
  return { itemCount, dimension, values: normals([itemCount + 1, dimension], seed).data as Float32Array };
}

let database: PGlite | undefined;
let socket: PGLiteSocketServer | undefined;
let url = server ?? "";
let admin: pg.Client;
beforeAll(async () => {
  if (!server) {
    database = await PGlite.create({ extensions: { vector } });
    socket = new PGLiteSocketServer({ db: database, port: 0, maxConnections: 8 });
    await socket.start();
    url = `postgres://postgres:secret@${socket.getServerConn()}/postgres`;
  }
  admin = new pg.Client({ connectionString: url });
  await admin.connect();
  for (const name of tables) await dropTables(name);
}, 120_000);
afterAll(async () => {
  for (const name of tables) await dropTables(name);
  await admin.end();
  await socket?.stop();
  await database?.close();
});

const tables = ["pm_search", "pm_filters", "pm_versions", "pm_atomic", "pm_parts", "pm_width", "pm_none"];

async function dropTables(name: string): Promise<void> {
  await admin.query(`drop table if exists ${name} cascade`);
  await admin.query(`drop table if exists ${name}_version`);
}

const queryOf = (count: number, seed: number) => normals([count, dimension], seed).data as Float32Array;
const itemsOf = (hits: readonly Hit[]) => hits.map(({ item }) => item);

test("what was pushed is found, each item once, with its best score and the interest that gave it", async () => {
  const target = { url, table: "pm_search" };
  const items = vectorsOf(1);
  const reported: number[] = [];
  await pushToPostgres(target, items, itemIds, { load, onProgress: (done) => reported.push(done) });
  expect(reported.at(-1)).toBe(itemCount);
  const index = await openPostgresIndex(target, items);
  const queries = Array.from({ length: 6 }, (_, i): Query => ({ vectors: queryOf(1 + (i % 4), 20 + i) }));
  const found = await index.search(queries, 10);
  let shared = 0;
  for (const [i, query] of queries.entries()) {
    const wanted = exactSearch(items, query, 10);
    expect(found[i]).toHaveLength(10);
    expect(new Set(itemsOf(found[i]!)).size).toBe(10);
    shared += itemsOf(found[i]!).filter((item) => itemsOf(wanted).includes(item)).length;
    const [best] = wanted as [Hit];
    expect(found[i]![0]).toMatchObject({ item: best.item, interest: best.interest });
    expect(found[i]![0]!.score).toBeCloseTo(best.score, 4);
  }
  expect(shared).toBeGreaterThan(57);
  expect(await index.search([{ vectors: new Float32Array(0) }], 5)).toEqual([[]]);
  await expect(index.search(queries, 1001)).rejects.toThrow(/depth from 1 to 1000, got 1001/);
  const { rows } = await admin.query("select id from pm_search where item = 7");
  expect(rows).toEqual([{ id: itemIds[7] }]);
  index.dispose();
});

test("hidden items are not found, allowed ones alone are", async () => {
  const target = { url, table: "pm_filters" };
  const items = vectorsOf(2);
  await pushToPostgres(target, items, itemIds, { load });
  const index = await openPostgresIndex(target, items);
  const vectors = queryOf(2, 5);
  const best = exactSearch(items, { vectors }, 5);
  const hidden = itemsOf(best.slice(0, 3));
  const [without] = await index.search([{ vectors, hidden }], 5);
  expect(without!.some(({ item }) => hidden.includes(item))).toBe(false);
  const allowed = itemsOf(exactSearch(items, { vectors }, itemCount).slice(-4));
  const [among] = await index.search([{ vectors, allowed }], 5);
  expect(itemsOf(among!)).toEqual(allowed);
  index.dispose();
});

test("the push of another model ends the searches for this one, and its own are answered", async () => {
  const target = { url, table: "pm_versions" };
  const [first, second] = [vectorsOf(1), vectorsOf(2)];
  await expect(openPostgresIndex(target, first)).rejects.toThrow(/pm_versions has no vectors; push this model's/);
  await pushToPostgres(target, first, itemIds, { load });
  const old = await openPostgresIndex(target, first);
  await expect(openPostgresIndex(target, second)).rejects.toThrow(/holds the vectors of another model/);
  const { version } = await pushToPostgres(target, second, itemIds, { load });
  expect(version).toBe(fingerprintOf(second));
  await expect(old.search([{ vectors: queryOf(1, 3) }], 3)).rejects.toThrow(/holds the vectors of another model/);
  const index = await openPostgresIndex(target, second);
  const query = { vectors: queryOf(1, 3) };
  expect(itemsOf((await index.search([query], 3))[0]!)).toEqual(itemsOf(exactSearch(second, query, 3)));
  expect((await admin.query("select count(*)::int as n from pm_versions")).rows).toEqual([{ n: itemCount }]);
  for (const opened of [old, index]) opened.dispose();
});

test("a push that fails leaves what was there", async () => {
  const target = { url, table: "pm_atomic" };
  const items = vectorsOf(1);
  await pushToPostgres(target, items, itemIds, { load });
  const broken = { ...vectorsOf(2), values: Float32Array.from(vectorsOf(2).values) };
  const ids = [...itemIds];
  ids[300] = "a zero byte \0";
  await expect(pushToPostgres(target, broken, ids, { load })).rejects.toThrow(
    /^postgres:\/\/[^\n]+: [^\n]*(0x00|invalid byte)[^\n]*$/,
  );
  const index = await openPostgresIndex(target, items);
  const query = { vectors: queryOf(1, 3) };
  expect(itemsOf((await index.search([query], 3))[0]!)).toEqual(itemsOf(exactSearch(items, query, 3)));
  index.dispose();
});

test("a table that is there already, in partitions, is used as it is", async () => {
  const target = { url, table: "pm_parts" };
  await admin.query("create extension if not exists vector");
  await admin.query(
    `create table pm_parts (version text, item integer, id text, embedding vector(${dimension + 1}), primary key (version, item)) partition by hash (item)`,
  );
  for (const part of [0, 1, 2]) {
    await admin.query(
      `create table pm_parts_${part} partition of pm_parts for values with (modulus 3, remainder ${part})`,
    );
  }
  const items = vectorsOf(3);
  await pushToPostgres(target, items, itemIds, { load });
  const index = await openPostgresIndex(target, items);
  const query = { vectors: queryOf(3, 8) };
  expect(itemsOf((await index.search([query], 8))[0]!)).toEqual(itemsOf(exactSearch(items, query, 8)));
  index.dispose();
});

test("a table of another width, and a name that is none, are refused; addresses are shown without their password", async () => {
  await admin.query("create extension if not exists vector");
  await admin.query("create table pm_width (version text, item integer, id text, embedding vector(3))");
  await expect(pushToPostgres({ url, table: "pm_width" }, vectorsOf(1), itemIds, { load })).rejects.toThrow(
    /pm_width: its embedding is a vector\(3\), vectors of this model need vector\(7\)/,
  );
  expect(() => tablesOf({ url, table: "items; drop table users" })).toThrow(/expected a table name/);
  expect(shownUrl("postgres://me:secret@host:1/db?sslmode=require")).toBe("postgres://me@host:1/db");
  expect(shownUrl("postgresql://me:@/db?host=/run")).toBe("postgresql://me@/db");
  expect([isPostgresUrl("postgresql://x"), isPostgresUrl("index/")]).toEqual([true, false]);
});

test("a server that is not there is named without its password, after it was tried again", async () => {
  const nowhere = { url: "postgres://me:secret@127.0.0.1:1/db", table: "pm_none" };
  await expect(openPostgresIndex(nowhere, vectorsOf(1))).rejects.toThrow(
    /^postgres:\/\/me@127\.0\.0\.1:1\/db: .*; tried 3 times/,
  );
}, 20_000);

test.skipIf(!server)("a database that is not there is refused at once, without the password", async () => {
  const elsewhere = new URL(url);
  elsewhere.password = "secret";
  elsewhere.pathname = "/pm_no_such_database";
  await expect(openPostgresIndex({ url: elsewhere.href }, vectorsOf(1))).rejects.toThrow(
    /^postgres:[^\n]*pm_no_such_database: database "pm_no_such_database" does not exist; are user, password, database and/,
  );
});
