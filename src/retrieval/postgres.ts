import type { ClientBase, Pool, PoolClient } from "pg";
import { fail, PolymindError } from "../errors.ts";
import { attempted } from "./attempts.ts";

/** Where item vectors lie in a database. */
export interface PostgresTarget {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** The table of the vectors, with its schema if need be; default `polymind_items`. Its version stands in another, `<table>_version`. */
  readonly table?: string;
  /** Milliseconds that the server may take for one search; default 30,000. A push takes as long as it needs. */
  readonly timeout?: number | undefined;
}

export const defaultTable = "polymind_items";

export const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:\/\//.test(text);

/** The names of the tables as SQL, checked, since they cannot be parameters of a statement. */
export function tablesOf({ table = defaultTable }: PostgresTarget) {
  if (!/^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]{0,50}$/.test(table)) {
    fail(`expected a table name of small letters, digits and _, with its schema if need be, got ${table}`);
  }
  const [name] = table.split(".").slice(-1) as [string];
  return { items: table, version: `${table}_version`, index: `${name}_embedding` };
}

/** The address without its password and options. */
export const shownUrl = (url: string): string =>
  url.replace(/^([a-z]+:\/\/[^:@/]*)(:[^@/]*)?@/, "$1@").replace(/\?.*$/, "");

/** Of one index at most; the users of a batch are spread over them. */
export const connections = 4;

/**
 * Connections that are made when they are needed.
 * @param queryTimeout milliseconds after which a statement counts as lost; default: it may take as long as the connection lives
 */
export async function connect({ url }: PostgresTarget, queryTimeout?: number): Promise<Pool> {
  const { default: pg } = await import("pg").catch((error: unknown) =>
    fail("PostgreSQL needs the package pg: npm install pg", error),
  );
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    // Else a command would wait ten seconds for its idle connections before it ends.
    allowExitOnIdle: true,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(queryTimeout !== undefined && { query_timeout: queryTimeout }),
  });
  // A connection that breaks is replaced by the pool; without a listener it would end the process, in use or idle.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/**
 * Does work in one transaction. A connection that cannot be made or breaks is tried again; what the broken one had done is undone by
 * the server.
 */
export async function inTransaction<T>(
  pool: Pool,
  { url }: PostgresTarget,
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  return attempted(shownUrl(url), isConnectionError, async () => {
    let client: PoolClient | undefined;
    try {
      client = await pool.connect();
      await client.query("begin");
      const result = await work(client);
      await client.query("commit");
      client.release();
      return result;
    } catch (error) {
      const isBroken = client === undefined || isConnectionError(error);
      if (!isBroken) await client?.query("rollback").catch(() => undefined);
      client?.release(isBroken);
      throw isConnectionError(error) ? error : refusal(error, shownUrl(url), client === undefined);
    }
  });
}

/** What the server says no to, in one line with its address; errors of our own stay as they are. */
function refusal(error: unknown, shown: string, isRefusedAtOnce: boolean): unknown {
  const { message, severity } = error as Error & { severity?: string };
  if (severity === undefined && !isRefusedAtOnce) return error;
  const advice = isRefusedAtOnce ? "; are user, password, database and sslmode of the address right?" : "";
  return new PolymindError(`${shown}: ${message.replace(/\s+/g, " ")}${advice}`, { cause: error });
}

/** Classes 08, 53 and 57P of the server's codes, and what the operating system says of sockets. */
function isConnectionError(error: unknown): boolean {
  const { code = "", message } = error as { code?: string; message: string };
  return (
    /^(08|53|57P|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)/.test(code) ||
    /terminated|timeout exceeded|read timeout|Connection/.test(message)
  );
}

/** Fails unless the server has pgvector in a version whose searches go on where a filter leaves too few, which is 0.8. */
export async function requirePgvector(client: ClientBase, { url }: PostgresTarget): Promise<void> {
  const { rows } = await client.query<{ version: string }>(
    "select extversion as version from pg_extension where extname = 'vector'",
  );
  const version = rows[0]?.version;
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  if (major > 0 || minor >= 8) return;
  fail(
    `${shownUrl(url)}: expected pgvector 0.8 or newer, got ${version ?? "none"}; install it, then alter extension vector update`,
  );
}
