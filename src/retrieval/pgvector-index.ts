import type { ClientBase } from "pg";
import { fail } from "../errors.ts";
import { checkSearch, type Hit, type ItemIndex, type Query } from "./item-index.ts";
import { asQuery, fingerprintOf, type ItemVectors } from "./item-vectors.ts";
import { connect, inTransaction, type PostgresTarget, requirePgvector, shownUrl, tablesOf } from "./postgres.ts";

/** pgvector keeps at most so many candidates of a search. */
const mostCandidates = 1000;

/** Milliseconds in which a search that a server has not answered is given up. */
const timeoutDefault = 30_000;

/** As the server orders and limits: one search for each vector, the best score of each item, all within the database. */
const searchStatement = (table: string) => `
  select item, score, interest from (
    select distinct on (hit.item) hit.item, hit.score, query.interest
    from unnest($1::text[]) with ordinality as query (vector, interest)
    cross join lateral (
      select item, -(embedding <#> query.vector::vector) as score
      from ${table}
      where version = $2 and item <> all ($3::int[]) and ($4::int[] is null or item = any ($4::int[]))
      order by embedding <#> query.vector::vector
      limit $5
    ) as hit
    order by hit.item, hit.score desc, query.interest
  ) as best
  order by score desc, item
  limit $5`;

/**
 * Searches vectors that were pushed to PostgreSQL (see `pushToPostgres`). The push of another model ends the searches for this one with an
 * error instead of answers from vectors that mean something else.
 * @param items the model's own vectors, by which its version is known
 */
export async function openPostgresIndex(target: PostgresTarget, items: ItemVectors): Promise<ItemIndex> {
  const { itemCount, dimension } = items;
  const version = fingerprintOf(items);
  const tables = tablesOf(target);
  const statement = searchStatement(tables.items);
  const pool = await connect(target, target.timeout ?? timeoutDefault);

  async function requireVersion(client: ClientBase): Promise<void> {
    const { rows: known } = await client.query<{ name: string | null }>("select to_regclass($1)::text as name", [
      tables.version,
    ]);
    const { rows } = known[0]?.name
      ? await client.query<{ version: string }>(`select version from ${tables.version}`)
      : { rows: [] };
    if (rows[0]?.version === version) return;
    fail(
      `${shownUrl(target.url)}: ${tables.items} ${rows[0] ? "holds the vectors of another model, or of this one before it was trained further" : "has no vectors"}; push this model's with npx polymind index push`,
    );
  }

  async function searchOne(client: ClientBase, { vectors, hidden = [], allowed }: Query, depth: number) {
    const asked = asQuery(vectors, dimension);
    if (asked.length === 0) return [];
    const { rows } = await client.query<Record<keyof Hit, string | number>>(statement, [
      asked.map((vector) => `[${vector.join(",")}]`),
      version,
      [...new Set(hidden)],
      allowed ? [...new Set(allowed)] : null,
      depth,
    ]);
    return rows.map(
      ({ item, score, interest }): Hit => ({
        item: Number(item),
        score: Number(score),
        interest: Number(interest) - 1,
      }),
    );
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
      return inTransaction(pool, target, async (client) => {
        await requireVersion(client);
        // Twice the depth is looked at; where a filter leaves too few of them, pgvector goes on.
        const candidates = Math.min(mostCandidates, Math.max(40, 2 * depth));
        await client.query(`set local hnsw.ef_search = ${candidates}`);
        await client.query("set local hnsw.iterative_scan = strict_order");
        const hits: Hit[][] = [];
        for (const query of queries) hits.push(await searchOne(client, query, depth));
        return hits;
      });
    },
    dispose() {
      pool.end().catch(() => undefined);
    },
  };
}
