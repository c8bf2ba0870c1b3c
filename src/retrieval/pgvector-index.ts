import type { ClientBase } from "pg";
import { checkSearch, filterOf, type Hit, type ItemIndex, type Query } from "./item-index.ts";
import { asQuery, fingerprintOf, type ItemVectors, refuseVersion } from "./item-vectors.ts";
import {
  connect,
  connections,
  inTransaction,
  type PostgresTarget,
  requirePgvector,
  shownUrl,
  tablesOf,
} from "./postgres.ts";

/** Candidates that a search of the graph keeps: at least so many, for recall, and at most what pgvector allows. */
const [fewestCandidates, mostCandidates] = [200, 1000];

/** Milliseconds in which a search that a server has not answered is given up. */
const timeoutDefault = 30_000;

/**
 * One search for each vector, the best score of each item, all within the database, which also counts what the searches found. Each is a
 * query of its own with its vector as a parameter: a lateral join over the vectors is not sent on by postgres_fdw where they are
 * cast, and refused by Citus.
 * @param exact orders by what no index of neighbours can give, so that all rows are compared, wherever they lie
 */
export const searchStatement = (table: string, vectors: number, exact: boolean) => `
  with hit as materialized (
    ${Array.from({ length: vectors }, (_, j) => {
      const distance = `embedding <#> $${5 + j}::vector`;
      return `select * from (
        select ${j} as interest, item, -(${distance}) as score
        from ${table}
        where version = $1 and item <> all ($2::int[]) and ($3::int[] is null or item = any ($3::int[]))
        order by ${exact ? `(${distance}) + 0` : distance}
        limit $4
      ) as found_${j}`;
    }).join(" union all ")}
  )
  select item, score, interest, (select count(*) from hit) as found
  from (select distinct on (item) item, score, interest from hit order by item, score desc, interest) as best
  order by score desc, item
  limit $4`;

type Row = Record<keyof Hit | "found", string | number>;

/**
 * Searches vectors that were pushed to PostgreSQL (see `pushToPostgres`). The push of another model ends the searches for this one with an
 * error instead of answers from vectors that mean something else.
 * @param items the model's own vectors, by which its version is known
 */
export async function openPostgresIndex(target: PostgresTarget, items: ItemVectors): Promise<ItemIndex> {
  const { itemCount, dimension } = items;
  const version = fingerprintOf(items);
  const tables = tablesOf(target);
  const pool = await connect(target, target.timeout ?? timeoutDefault);

  async function requireVersion(client: ClientBase): Promise<void> {
    const { rows: known } = await client.query<{ name: string | null }>("select to_regclass($1)::text as name", [
      tables.version,
    ]);
    const { rows } = known[0]?.name
      ? await client.query<{ version: string }>(`select version from ${tables.version}`)
      : { rows: [] };
    if (rows[0]?.version === version) return;
    refuseVersion(`${shownUrl(target.url)}: ${tables.items}`, rows[0] !== undefined);
  }

  async function searchOne(client: ClientBase, query: Query, depth: number) {
    const asked = asQuery(query.vectors, dimension);
    if (asked.length === 0) return [];
    const { hidden, allowed, count } = filterOf(query, itemCount);
    const ask = async (exact: boolean) => {
      const { rows } = await client.query<Row>(searchStatement(tables.items, asked.length, exact), [
        version,
        [...hidden],
        allowed ? [...allowed] : null,
        depth,
        ...asked.map((vector) => `[${vector.join(",")}]`),
      ]);
      return rows;
    };
    let rows = await ask(false);
    // Where filters leave little, or a shard is not set up to go on behind its first candidates, the graph of neighbours gives too few.
    const isShort = () => Number(rows[0]?.found ?? 0) < asked.length * Math.min(depth, count);
    if (isShort()) rows = await ask(true);
    if (isShort()) {
      // Either rows were taken out on purpose, or a push has just done so: it holds this lock until its own are to be seen.
      await client.query("select pg_advisory_xact_lock_shared(hashtext($1))", [tables.items]);
      await requireVersion(client);
    }
    return rows.map(
      ({ item, score, interest }): Hit => ({
        item: Number(item),
        score: Number(score),
        interest: Number(interest),
      }),
    );
  }

  function searchShare(queries: readonly Query[], depth: number): Promise<Hit[][]> {
    return inTransaction(pool, target, async (client) => {
      await requireVersion(client);
      // Twice the depth is looked at; where a filter leaves too few of them, pgvector goes on.
      const candidates = Math.min(mostCandidates, Math.max(fewestCandidates, 2 * depth));
      await client.query(`set local hnsw.ef_search = ${candidates}`);
      await client.query("set local hnsw.iterative_scan = strict_order");
      const hits: Hit[][] = [];
      for (const query of queries) hits.push(await searchOne(client, query, depth));
      return hits;
    });
  }

  try {
    await inTransaction(pool, target, async (client) => {
      await requireVersion(client);
      await requirePgvector(client, target);
    });
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    itemCount,
    dimension,
    async search(queries, depth) {
      checkSearch(queries, depth, dimension, mostCandidates);
      const groups = Math.min(connections, queries.length);
      const shares = Array.from({ length: groups }, (_, group) => queries.filter((_, i) => i % groups === group));
      const found = await Promise.all(shares.map((share) => searchShare(share, depth)));
      return queries.map((_, i) => found[i % groups]![Math.floor(i / groups)]!);
    },
    dispose() {
      pool.end().catch(() => undefined);
    },
  };
}
