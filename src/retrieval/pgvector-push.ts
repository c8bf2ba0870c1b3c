import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ClientBase } from "pg";
import { fail } from "../errors.ts";
import { equallyLong, fingerprintOf, type ItemVectors } from "./item-vectors.ts";
import { connect, inTransaction, type PostgresTarget, requirePgvector, tablesOf } from "./postgres.ts";

export interface PushOptions {
  /** `"copy"` (default) streams rows with COPY; `"insert"` is slower, for servers and poolers that do not speak it. */
  readonly load?: "copy" | "insert";
  readonly onProgress?: (done: number, total: number) => void;
}

/** The most numbers of a vector that pgvector indexes. */
const mostNumbers = 2000;
/** Rows that are sent between two reports. */
const atOnce = 1000;

/** A row of the table: the model's item number, the log's id, the vector as pgvector reads it. */
type Row = readonly [item: number, id: string, vector: string];

/**
 * Loads a model's item vectors into PostgreSQL with pgvector, in one transaction: who searches sees the old version until all of the new
 * one is there, and a push that fails leaves nothing behind. Makes the tables and the index where they are missing; a table that
 * is there already, partitioned, distributed or foreign, is used as it is.
 * @param itemIds the log's id of each item, `[itemCount + 1]`
 */
export async function pushToPostgres(
  target: PostgresTarget,
  items: ItemVectors,
  itemIds: readonly string[],
  { load = "copy", onProgress }: PushOptions = {},
): Promise<{ readonly version: string }> {
  const { itemCount, dimension } = items;
  const tables = tablesOf(target);
  if (dimension + 1 > mostNumbers)
    fail(`pgvector indexes vectors of at most ${mostNumbers - 1} numbers, the model's have ${dimension}`);
  const version = fingerprintOf(items);
  const write = load === "copy" ? copyRows : insertRows;
  const pool = await connect(target);
  try {
    await inTransaction(pool, target, async (client) => {
      await prepareTables(client, target, dimension);
      await client.query(`delete from ${tables.items} where version = $1`, [version]);
      await write(client, tables.items, version, rowsOf(items, itemIds), (done) => onProgress?.(done, itemCount));
      await client.query(`delete from ${tables.items} where version <> $1`, [version]);
      await client.query(`delete from ${tables.version}`);
      await client.query(`insert into ${tables.version} (version, dimension, items) values ($1, $2, $3)`, [
        version,
        dimension,
        itemCount,
      ]);
      await createIndex(client, tables);
      // Else the first searches are planned as for a table with a handful of rows.
      await client.query(`analyze ${tables.items}`);
    });
  } finally {
    await pool.end();
  }
  return { version };
}

type Tables = ReturnType<typeof tablesOf>;

async function prepareTables(client: ClientBase, target: PostgresTarget, dimension: number): Promise<void> {
  const tables = tablesOf(target);
  await client.query("create extension if not exists vector");
  await requirePgvector(client, target);
  // One push at a time: a second one waits here.
  await client.query("select pg_advisory_xact_lock(hashtext($1))", [tables.items]);
  await client.query(
    `create table if not exists ${tables.items} (version text not null, item integer not null, id text not null, embedding vector(${dimension + 1}) not null, primary key (version, item))`,
  );
  await client.query(
    `create table if not exists ${tables.version} (version text not null, dimension integer not null, items integer not null, pushed timestamptz not null default now())`,
  );
  const { rows } = await client.query<{ type: string }>(
    "select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = to_regclass($1) and attname = 'embedding'",
    [tables.items],
  );
  const [type] = rows.map((row) => row.type);
  if (type !== undefined && type !== "vector" && type !== `vector(${dimension + 1})`) {
    fail(
      `${tables.items}: its embedding is a ${type}, vectors of this model need vector(${dimension + 1}); name another table with --table, or drop this one`,
    );
  }
}

/** After the rows, which is faster; not where there is one of neighbours, nor on a foreign table, whose index lies where its rows do. */
async function createIndex(client: ClientBase, { items, index }: Tables): Promise<void> {
  const { rows } = await client.query<{ kind: string; indexed: boolean }>(
    `select relkind as kind, exists (
       select from pg_index join pg_class on pg_class.oid = indexrelid join pg_am on pg_am.oid = relam
       where indrelid = to_regclass($1) and amname in ('hnsw', 'ivfflat')
     ) as indexed
     from pg_class where oid = to_regclass($1)`,
    [items],
  );
  if (rows[0]?.kind === "f" || rows[0]?.indexed) return;
  await client.query(`create index if not exists ${index} on ${items} using hnsw (embedding vector_ip_ops)`);
}

function* rowsOf(items: ItemVectors, itemIds: readonly string[]): Generator<Row> {
  const write = equallyLong(items);
  const vector = new Float32Array(items.dimension + 1);
  for (let item = 1; item <= items.itemCount; item++) {
    write(item, vector, 0);
    yield [item, itemIds[item]!, `[${vector.join(",")}]`];
  }
}

type WriteRows = (
  client: ClientBase,
  table: string,
  version: string,
  rows: Iterable<Row>,
  onRows: (done: number) => void,
) => Promise<void>;

const copyRows: WriteRows = async (client, table, version, rows, onRows) => {
  const { from } = await import("pg-copy-streams").catch((error: unknown) =>
    fail("COPY needs the package pg-copy-streams: npm install pg-copy-streams, or load with --load insert", error),
  );
  const stream = client.query(from(`copy ${table} (version, item, id, embedding) from stdin`));
  const lines = function* () {
    let done = 0;
    for (const [item, id, vector] of rows) {
      yield `${version}\t${item}\t${escaped(id)}\t${vector}\n`;
      done++;
      if (done % atOnce === 0) onRows(done);
    }
    onRows(done);
  };
  await pipeline(Readable.from(lines()), stream);
};

/** The text format of COPY gives these a meaning of their own. */
const escaped = (text: string) =>
  text.replace(/[\\\t\n\r]/g, (found) => `\\${{ "\\": "\\", "\t": "t", "\n": "n", "\r": "r" }[found]}`);

const insertRows: WriteRows = async (client, table, version, rows, onRows) => {
  let done = 0;
  let waiting: Row[] = [];
  const send = async () => {
    if (waiting.length === 0) return;
    await client.query(
      `insert into ${table} (version, item, id, embedding) select $1, rows.item, rows.id, rows.vector::vector from unnest($2::int[], $3::text[], $4::text[]) as rows (item, id, vector)`,
      [version, waiting.map(([item]) => item), waiting.map(([, id]) => id), waiting.map(([, , vector]) => vector)],
    );
    done += waiting.length;
    waiting = [];
    onRows(done);
  };
  for (const row of rows) {
    waiting.push(row);
    if (waiting.length === atOnce) await send();
  }
  await send();
};
