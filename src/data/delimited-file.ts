/** Needs Node: CSV, TSV and `::` files as a table in DuckDB. */
import { fail } from "../errors.ts";
import { type Database, firstLine, literal } from "./duckdb-file.ts";
import { type LinesFile, linesOf, pathLiteral } from "./lines-file.ts";
import { type OpenTableOptions, selected, type TableColumn, type TableFile } from "./table-columns-file.ts";

const dialects = {
  csv: { delimiter: ",", quote: '"' },
  tsv: { delimiter: "\t", quote: '"' },
  dat: { delimiter: "::", quote: "" },
} as const;

/** A delimited file with its dialect and shape. */
interface DelimitedFile extends LinesFile {
  readonly delimiter: string;
  readonly quote: string;
  readonly columns: readonly string[];
  readonly headerLines: number;
}

/** Finds the columns: of the header, of `columnNames`, or `column0`, `column1` ... for a `::` file. */
export async function openDelimited(
  database: Database,
  { shownPath, columnNames }: OpenTableOptions,
  lines: LinesFile,
  format: keyof typeof dialects,
): Promise<TableFile> {
  const { delimiter, quote } = dialects[format];
  const head = (await database.rows(`SELECT line FROM ${linesOf(lines)} LIMIT 100`)).flat();
  const firstUsed = head.findIndex((line) => line !== null);
  if (firstUsed < 0) fail(`${shownPath}: there is nothing on the first lines`);
  const fields = head.filter((line) => line !== null).map((line) => splitFields(String(line), delimiter, quote));
  const hasHeader = format !== "dat" && columnNames === undefined;
  const width = hasHeader ? fields[0]!.length : mostCommon(fields.map((line) => line.length));
  const numbered = Array.from({ length: width }, (_, index) => `column${index}`);
  const columns = columnNames ?? (hasHeader ? fields[0]! : numbered);
  if (columns.length !== width) {
    fail(
      `${shownPath}: lines have ${width} fields, but there are ${columns.length} column names (${columns.join(", ")})`,
    );
  }
  const headerLines = hasHeader ? firstUsed + 1 : 0;
  await database.run(`DELETE FROM faults WHERE line <= ${headerLines}`);
  const file = { ...lines, delimiter, quote, columns, headerLines };
  return {
    columns,
    headerLines,
    async load(chosen) {
      // Strict mode finds rows with too many fields, but it gives up on a file that mixes \n with \r\n.
      await readRows(database, file, chosen, true)
        .catch(() => readRows(database, file, chosen, false))
        .catch((cause) => fail(`${shownPath}: cannot be read as ${format} (${firstLine(cause)})`, cause));
      const [swallowed] = await database.numbers(`SELECT count(*) FROM reject_errors
        WHERE error_type = 'UNQUOTED VALUE' OR regexp_matches(trim(csv_line, E'\r\n'), '[\r\n]')`);
      if (swallowed! > 0) await readRowsLineByLine(database, file, chosen);
      else await addRejects(database);
    },
  };
}

/** The common way, in which a quoted field may hold line breaks. */
async function readRows(
  database: Database,
  file: DelimitedFile,
  chosen: readonly TableColumn[],
  strict: boolean,
): Promise<void> {
  const types = file.columns.map((_, index) => `'f${index}': 'VARCHAR'`);
  await database.run(`CREATE TEMP TABLE source AS SELECT
    ${selected(chosen, ({ name }) => `f${file.columns.indexOf(name)}`)} FROM read_csv(${pathLiteral(file.path)},
    columns = {${types.join(", ")}}, auto_detect = false, header = false, skip = ${file.headerLines},
    delim = '${file.delimiter}', quote = '${file.quote}', escape = '${file.quote}', encoding = '${file.encoding}',
    strict_mode = ${strict}, ignore_errors = true, store_rejects = true)`);
}

const wrongWidth = "with the wrong number of fields";
const unpairedQuote = "with an unpaired quote";

async function addRejects(database: Database): Promise<void> {
  await database.run(`INSERT INTO faults SELECT line, CASE min(error_type)
      WHEN 'MISSING COLUMNS' THEN ${literal(wrongWidth)} WHEN 'TOO MANY COLUMNS' THEN ${literal(wrongWidth)}
      ELSE 'that cannot be read' END
    FROM reject_errors GROUP BY line`);
}

/**
 * For a file with an unpaired quote, which would swallow the lines up to the next quote, or all that follow: each line
 * is one row, so that one bad line costs one row.
 */
async function readRowsLineByLine(
  database: Database,
  file: DelimitedFile,
  chosen: readonly TableColumn[],
): Promise<void> {
  const { delimiter, columns, headerLines } = file;
  const quotedField = '"(?:[^"]|"")*"';
  const eachField = literal(`(${quotedField}|[^${delimiter}]*)${delimiter}`);
  const wholeLine = literal(`(?:(?:${quotedField}|[^"${delimiter}][^${delimiter}]*|)${delimiter})*`);
  const closed = `line || ${literal(delimiter)}`;
  await database.run(`CREATE TEMP TABLE split_lines AS
    SELECT number, regexp_full_match(${closed}, ${wholeLine}) AS paired,
      regexp_extract_all(${closed}, ${eachField}, 1) AS fields
    FROM (SELECT line, row_number() OVER () AS number FROM ${linesOf(file)})
    WHERE line IS NOT NULL AND number > ${headerLines}`);
  const field = ({ name }: TableColumn) => {
    const value = `fields[${columns.indexOf(name) + 1}]`;
    return `CASE WHEN starts_with(${value}, '"') THEN replace(${value}[2:-2], '""', '"') ELSE ${value} END`;
  };
  await database.run(`CREATE OR REPLACE TEMP TABLE source AS SELECT ${selected(chosen, field)}
    FROM split_lines WHERE paired AND len(fields) = ${columns.length} ORDER BY number`);
  await database.run(`INSERT INTO faults
    SELECT number, CASE WHEN paired THEN ${literal(wrongWidth)} ELSE ${literal(unpairedQuote)} END
    FROM split_lines WHERE NOT paired OR len(fields) <> ${columns.length}`);
}

/** Fields of one line; a doubled quote inside quotes stands for one. */
function splitFields(line: string, delimiter: string, quote: string): string[] {
  const fields = [""];
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    if (quote !== "" && line[at] === quote) {
      if (quoted && line[at + 1] === quote) fields[fields.length - 1] += line[++at];
      else quoted = !quoted;
    } else if (!quoted && line.startsWith(delimiter, at)) {
      fields.push("");
      at += delimiter.length - 1;
    } else fields[fields.length - 1] += line[at];
  }
  return fields.map((field) => field.trim());
}

function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
