/** Needs Node: a text file as numbered lines in DuckDB. */
import { type Database, literal } from "./duckdb-file.ts";
import type { DroppedRows } from "./log.ts";

/** How to read the lines of a text file. */
export interface Lines {
  readonly path: string;
  readonly encoding: "utf-8" | "latin-1";
}

/** A text file whose encoding is known. */
export interface LinesFile extends Lines {
  /** Lines that are not empty. */
  readonly usedLines: number;
}

/**
 * Creates the table `faults(line, reason)` with the empty lines of a text file, to which readers add the lines that are
 * no rows; finds the encoding: UTF-8, or Latin-1 where a byte is not UTF-8.
 */
export async function openLines(database: Database, path: string): Promise<LinesFile> {
  await database.run("CREATE TEMP TABLE faults (line BIGINT, reason VARCHAR)");
  const asUtf8 = linesOf({ path, encoding: "utf-8" });
  const [lines, usedAsUtf8] = await database.numbers(`SELECT count(*), count(line) FROM ${asUtf8}`);
  const [misread] = await database.numbers("SELECT count(*) FROM misread_lines");
  const encoding = misread! > 0 ? "latin-1" : "utf-8";
  // A line that is not UTF-8 is not counted by the first look.
  const file: LinesFile = { path, encoding, usedLines: usedAsUtf8! + misread! };
  if (lines! > usedAsUtf8!) await addFaults(database, file, "line IS NULL", "with nothing on the line");
  return file;
}

/** A table expression with the one column `line`, NULL for an empty line. */
export function linesOf({ path, encoding }: Lines): string {
  return `read_csv(${pathLiteral(path)}, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false,
    delim = '', quote = '', escape = '', strict_mode = false, encoding = '${encoding}', ignore_errors = true,
    store_rejects = true, rejects_table = 'misread_lines', rejects_scan = 'misread_scans')`;
}

/** Adds the lines for which `condition` holds to the table `faults`. */
export async function addFaults(database: Database, file: LinesFile, condition: string, reason: string): Promise<void> {
  await database.run(`INSERT INTO faults SELECT number, ${literal(reason)} FROM
    (SELECT line, row_number() OVER () AS number FROM ${linesOf(file)}) WHERE ${condition}`);
}

/** The lines that are no rows, by reason, in the order of the first line. */
export async function countFaults(database: Database): Promise<DroppedRows[]> {
  const faults = await database.rows(
    "SELECT reason, count(*), min(line) AS line FROM faults GROUP BY reason ORDER BY line",
  );
  return faults.map(([reason, count, line]) => ({
    reason: String(reason),
    count: Number(count),
    firstLine: Number(line),
  }));
}

/** The line of the file on which a row stands: after the header, the rows before it, and the lines that are no rows. */
export async function lineOfRow(database: Database, row: number, headerLines: number): Promise<number> {
  const withoutFaults = headerLines + row + 1;
  const [faults] = await database.numbers(`
    SELECT count(*) FROM (SELECT line, row_number() OVER (ORDER BY line) - 1 AS faults_before
      FROM (SELECT DISTINCT line FROM faults)) WHERE line - faults_before <= ${withoutFaults}`);
  return withoutFaults + faults!;
}

/** A path as a literal in which no character is a wildcard. */
export function pathLiteral(path: string): string {
  return literal(path.replace(/[*?[]/g, "[$&]"));
}
