import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Hit, ItemIndex } from "../../src/retrieval/item-index.ts";
import type { ItemVectors } from "../../src/retrieval/item-vectors.ts";
import { openPostgresIndex, searchStatement } from "../../src/retrieval/pgvector-index.ts";
import { pushToPostgres } from "../../src/retrieval/pgvector-push.ts";
import { exactSearch } from "../support/exact-search.ts";
import { normals } from "../support/op.ts";

// PostgreSQL in this process has no postgres_fdw, so that shards need a real server, whose user may make databases and extensions.
const server = process.env["POSTGRES_URL"];
if (!server) console.log("skipped: shards of postgres_fdw, which need a real server in POSTGRES_URL=postgres://...");

const itemCount = 1200;
const dimension = 8;
const itemIds = ["", ...Array.from({ length: itemCount }, (_, i) => `item ${i + 1}`)];
const vectorsOf = (seed: number): ItemVectors => ({
  ...{ itemCount, dimension },
  values: normals([itemCount + 1, dimension], seed).data as Float32Array,
});
const vectors = normals([3, dimension], 9).data as Float32Array;
const itemsOf = (hits: readonly Hit[] | undefined) => hits?.map(({ item }) => item);

const databases = ["pm_front", "pm_shard_0", "pm_shard_1"] as const;
const shards = databases.slice(1);
const urlOf = (database: string) => {
  const url = new URL(server!);
  url.pathname = `/${database}`;
  return url.href;
};

async function on<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const columns = `version text not null, item integer not null, id text not null, embedding vector(${dimension + 1}) not null`;

/** The table of the front is parted by item between the two shards; `settings` are those of its sessions on them. */
async function makeTable(table: string, settings: string): Promise<void> {
  for (const shard of shards) {
    await on(urlOf(shard), async (client) => {
      await client.query(`create table ${table} (${columns}, primary key (version, item))`);
      await client.query(`create index on ${table} using hnsw (embedding vector_ip_ops)`);
    });
  }
  await on(urlOf(databases[0]), async (client) => {
    const { hostname, port, username, password } = new URL(server!);
    await client.query(`create table ${table} (${columns}) partition by hash (item)`);
    for (const [part, shard] of shards.entries()) {
      const name = `${table}_${part}`;
      const place = `host '${hostname}', port '${port || 5432}', dbname '${shard}'`;
      await client.query(
        `create server ${name} foreign data wrapper postgres_fdw options (${place}, extensions 'vector', options '${settings}')`,
      );
      const login = [`user '${decodeURIComponent(username)}'`, ...(password ? [`password '${password}'`] : [])];
      await client.query(`create user mapping for current_user server ${name} options (${login.join(", ")})`);
      await client.query(
        `create foreign table ${name} partition of ${table} for values with (modulus 2, remainder ${part}) server ${name} options (table_name '${table}')`,
      );
    }
  });
}

describe.skipIf(!server)("shards of postgres_fdw", () => {
  beforeAll(async () => {
    await dropDatabases();
    await on(server!, async (client) => {
      for (const database of databases) await client.query(`create database ${database}`);
    });
    for (const database of databases) await on(urlOf(database), (client) => client.query("create extension vector"));
    await on(urlOf(databases[0]), (client) => client.query("create extension postgres_fdw"));
  });
  afterAll(dropDatabases);

  async function dropDatabases(): Promise<void> {
    await on(server!, async (client) => {
      for (const database of databases) await client.query(`drop database if exists ${database} with (force)`);
    });
  }

  const url = () => urlOf(databases[0]);

  async function withIndex(table: string, items: ItemVectors, work: (index: ItemIndex) => Promise<void>) {
    const index = await openPostgresIndex({ url: url(), table }, items);
    await work(index);
    index.dispose();
  }

  test("a push spreads over them, answers are those of one table, and another push replaces it", async () => {
    await makeTable("pm_spread", "-c hnsw.ef_search=200 -c hnsw.iterative_scan=strict_order");
    for (const items of [vectorsOf(1), vectorsOf(2)]) {
      await pushToPostgres({ url: url(), table: "pm_spread" }, items, itemIds);
      const counts = await Promise.all(
        shards.map((shard) => on(urlOf(shard), (client) => client.query("select count(*)::int as n from pm_spread"))),
      );
      const [one, other] = counts.map(({ rows }) => rows[0].n as number);
      expect(one! + other!).toBe(itemCount);
      expect(Math.min(one!, other!)).toBeGreaterThan(itemCount / 3);
      await withIndex("pm_spread", items, async (index) => {
        const order = itemsOf(exactSearch(items, { vectors }, itemCount))!;
        const hidden = order.slice(0, 50);
        expect(itemsOf((await index.search([{ vectors, hidden }], 20))[0])).toEqual(order.slice(50, 70));
        expect(itemsOf((await index.search([{ vectors, allowed: order.slice(-3) }], 20))[0])).toEqual(order.slice(-3));
      });
    }
  });

  test("the shards order and the front merges what it needs of them", async () => {
    await on(url(), async (client) => {
      const [{ version }] = (await client.query("select version from pm_spread_version")).rows;
      const values = [version, [1, 2], null, 10, `[${[...vectors.subarray(0, dimension), 0].join(",")}]`];
      const { rows } = await client.query(`explain verbose ${searchStatement("pm_spread", 1, false)}`, values);
      const remote = rows.map((row) => row["QUERY PLAN"] as string).filter((line) => line.includes("Remote SQL"));
      expect(remote).toHaveLength(2);
      for (const line of remote) expect(line).toMatch(/item <> ALL .* ORDER BY .*embedding OPERATOR\(public\.<#>\)/);
    });
  });

  test("shards that stop at their first candidates shorten no list", async () => {
    await makeTable("pm_short", "-c enable_seqscan=off -c enable_sort=off -c hnsw.ef_search=10");
    const items = vectorsOf(3);
    await pushToPostgres({ url: url(), table: "pm_short" }, items, itemIds);
    await withIndex("pm_short", items, async (index) => {
      const [found] = await index.search([{ vectors }], 100);
      expect(itemsOf(found)).toEqual(itemsOf(exactSearch(items, { vectors }, 100)));
    });
  });

  test("a push that a shard refuses leaves the old vectors on all of them", async () => {
    const [items, next] = [vectorsOf(2), vectorsOf(4)];
    const ids = itemIds.with(900, "a zero byte \0");
    await expect(pushToPostgres({ url: url(), table: "pm_spread" }, next, ids)).rejects.toThrow(/0x00|invalid byte/);
    await withIndex("pm_spread", items, async (index) => {
      expect(itemsOf((await index.search([{ vectors }], 20))[0])).toEqual(itemsOf(exactSearch(items, { vectors }, 20)));
    });
  });
});
