/** Needs Node: DuckDB, an optional peer, as the engine that reads and sorts files. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { fail } from "../errors.ts";

/** One in-memory database; a value of a small answer is a number, a string or null. */
export interface Database {
  /** Runs a statement whose answer is of no interest. */
  run(sql: string): Promise<void>;
  /** The rows of a small answer. */
  rows(sql: string): Promise<(number | string | null)[][]>;
  /** The first row of an answer of numbers. */
  numbers(sql: string): Promise<number[]>;
  /** Hands out the columns of a large answer chunk by chunk: `read(row)` of column `c` is `columns[c](row)`. */
  stream(sql: string, visit: (columns: ReadColumn[], rowCount: number) => void): Promise<void>;
}

/** Reads a value of one column of a chunk. */
export type ReadColumn = (row: number) => number | string | null;

/** Opens a database for `use` and closes it whatever happens. */
export async function withDatabase<T>(use: (database: Database) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await loadDuckDB();
  const instance = await DuckDBInstance.create(":memory:", {
    // An extension that is not bundled must not be fetched behind the user's back.
    autoinstall_known_extensions: "false",
    // The default is a folder in the working directory.
    temp_directory: join(tmpdir(), `polymind-duckdb-${process.pid}`),
  });
  const connection = await instance.connect();
  try {
    // A time without a zone reads the same on every machine.
    await connection.run("SET TimeZone = 'UTC'");
    return await use(databaseOf(connection));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function loadDuckDB(): Promise<typeof import("@duckdb/node-api")> {
  try {
    return await import("@duckdb/node-api");
  } catch (cause) {
    return fail("reading files needs DuckDB, which is not installed: npm install @duckdb/node-api", cause);
  }
}

function databaseOf(connection: DuckDBConnection): Database {
  const rows = async (sql: string) => {
    const found = await (await connection.run(sql)).getRows();
    return found.map((row) => row.map(plainValue));
  };
  return {
    async run(sql) {
      await connection.run(sql);
    },
    rows,
    numbers: async (sql) => (await rows(sql))[0]!.map(Number),
    async stream(sql, visit) {
      const result = await connection.stream(sql);
      for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
        const columns: ReadColumn[] = [];
        for (let column = 0; column < chunk.columnCount; column++) {
          const vector = chunk.getColumnVector(column);
          columns.push((row) => plainValue(vector.getItem(row)));
        }
        visit(columns, chunk.rowCount);
      }
    },
  };
}

function plainValue(value: unknown): number | string | null {
  return typeof value === "bigint" ? Number(value) : (value as number | string | null);
}

/** A string as an SQL literal. */
export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A column's name as an SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The first line of an error's message: DuckDB's are long, and their other lines are advice about SQL. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0]!.trim();
}
