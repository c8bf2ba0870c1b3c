import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Hit } from "../../src/retrieval/item-index.ts";
import type { ItemVectors } from "../../src/retrieval/item-vectors.ts";
import { openPostgresIndex } from "../../src/retrieval/pgvector-index.ts";
import { type PushOptions, pushToPostgres } from "../../src/retrieval/pgvector-push.ts";
import { exactSearch } from "../support/exact-search.ts";
import { normals } from "../support/op.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

// A server that goes away, as a proxy before it makes it seem: before POSTGRES_URL, or before PostgreSQL in this process.
const server = process.env["POSTGRES_URL"];
const load: PushOptions["load"] = server ? "copy" : "insert";

const itemCount = 3000;
const dimension = 6;
const itemIds = ["", ...Array.from({ length: itemCount }, (_, i) => `item ${i + 1}`)];
const vectorsOf = (seed: number): ItemVectors => ({
  ...{ itemCount, dimension },
  values: normals([itemCount + 1, dimension], seed).data as Float32Array,
});
const vectors = normals([2, dimension], 9).data as Float32Array;
const itemsOf = (hits: readonly Hit[] | undefined) => hits?.map(({ item }) => item);

let database: PGlite | undefined;
let socket: PGLiteSocketServer | undefined;
let proxy: Awaited<ReturnType<typeof startTcpProxy>>;
/** The server itself, and through the proxy. */
let direct = server ?? "";
let url = "";

beforeAll(async () => {
  if (!server) {
    database = await PGlite.create({ extensions: { vector } });
    socket = new PGLiteSocketServer({ db: database, port: 0, maxConnections: 8 });
    await socket.start();
    direct = `postgres://postgres:secret@${socket.getServerConn()}/postgres`;
  }
  const { hostname, port } = new URL(direct);
  proxy = await startTcpProxy({ host: hostname, port: Number(port || 5432) });
  const through = new URL(direct);
  through.host = proxy.host;
  url = through.href;
}, 120_000);
afterEach(() => proxy.trouble(() => undefined));
afterAll(async () => {
  const admin = new pg.Client({ connectionString: direct });
  await admin.connect();
  for (const name of ["pm_cut", "pm_gone", "pm_search_cut"]) {
    await admin.query(`drop table if exists ${name}`);
    await admin.query(`drop table if exists ${name}_version`);
  }
  await admin.end();
  await proxy.stop();
  await socket?.stop();
  await database?.close();
});

async function expectAnswers(table: string, items: ItemVectors): Promise<void> {
  const index = await openPostgresIndex({ url: direct, table }, items);
  expect(itemsOf((await index.search([{ vectors }], 5))[0])).toEqual(itemsOf(exactSearch(items, { vectors }, 5)));
  index.dispose();
}

/** Halfway through the rows. */
const halfway = itemCount * 45;

test("a push whose connection is cut once is done again, whole", async () => {
  proxy.trouble((connection) => (connection === 0 ? { kind: "cut", after: halfway } : undefined));
  await pushToPostgres({ url, table: "pm_cut" }, vectorsOf(1), itemIds, { load });
  expect(proxy.connections).toBe(2);
  await expectAnswers("pm_cut", vectorsOf(1));
});

test("a push whose server goes away each time leaves the old vectors in use, and the next push works", async () => {
  const target = { url, table: "pm_gone" };
  await pushToPostgres(target, vectorsOf(1), itemIds, { load });
  proxy.trouble(() => ({ kind: "cut", after: halfway }));
  const failed = await pushToPostgres(target, vectorsOf(2), itemIds, { load }).catch((error: Error) => error.message);
  expect(failed).toMatch(/^postgres:\/\/\w+@127\.0\.0\.1:\d+\/\w+: [^\n]+; tried 3 times\. Is the server up/);
  expect(proxy.connections).toBe(3);
  await expectAnswers("pm_gone", vectorsOf(1));
  proxy.trouble(() => undefined);
  await pushToPostgres(target, vectorsOf(2), itemIds, { load });
  await expectAnswers("pm_gone", vectorsOf(2));
}, 60_000);

test("a search outlives cut connections, and says so in one line when the server is gone or silent", async () => {
  const target = { url, table: "pm_search_cut", timeout: 300 };
  const items = vectorsOf(3);
  await pushToPostgres({ ...target, url: direct }, items, itemIds, { load });
  const index = await openPostgresIndex(target, items);
  const search = async () => itemsOf((await index.search([{ vectors }], 5))[0]);
  const wanted = itemsOf(exactSearch(items, { vectors }, 5));
  expect(await search()).toEqual(wanted);
  proxy.cutAll();
  expect(await search()).toEqual(wanted);
  for (const kind of ["cut", "silence"] as const) {
    // The greeting passes, the search does not.
    proxy.trouble((connection) => (connection === 0 ? { kind, after: 150 } : undefined));
    proxy.cutAll();
    expect(await search()).toEqual(wanted);
    proxy.trouble(() => ({ kind, after: 150 }));
    proxy.cutAll();
    await expect(search()).rejects.toThrow(/^postgres:\/\/\w+@127\.0\.0\.1:\d+\/\w+: [^\n]+; tried 3 times\./);
  }
  proxy.trouble(() => undefined);
  proxy.cutAll();
  expect(await search()).toEqual(wanted);
  index.dispose();
}, 60_000);
