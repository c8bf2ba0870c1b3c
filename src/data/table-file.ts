/** Needs Node: any file of rows and columns as a table in DuckDB, with the lines that are no rows. */
import { fail } from "../errors.ts";
import { openDelimited } from "./delimited-file.ts";
import { type Database, firstLine, identifier, literal } from "./duckdb-file.ts";
import { addFaults, type LinesFile, linesOf, openLines, pathLiteral } from "./lines-file.ts";
import { listSeparator, type OpenTableOptions, selected, type TableFile } from "./table-columns-file.ts";

/** Finds the columns of a file and creates the table `faults(line, reason)`. */
export async function openTable(database: Database, options: OpenTableOptions): Promise<TableFile> {
  if (options.format === "parquet") return openParquet(database, options);
  const file = await openLines(database, options.path);
  if (options.format === "jsonl") return openJsonLines(database, options, file);
  return openDelimited(database, options, file, options.format);
}

async function openJsonLines(database: Database, { shownPath }: OpenTableOptions, file: LinesFile): Promise<TableFile> {
  const isObject = "(line IS NOT NULL AND starts_with(ltrim(line), '{') AND json_valid(line))";
  const objects = `(SELECT line FROM ${linesOf(file)} WHERE ${isObject})`;
  const keys = await database.rows(
    `SELECT DISTINCT unnest(json_keys(line)) AS key FROM (FROM ${objects} LIMIT 1000) ORDER BY key`,
  );
  if (keys.length === 0) fail(`${shownPath}: no line is a JSON object with fields`);
  return {
    columns: keys.flat().map(String),
    headerLines: 0,
    async load(chosen) {
      const paths = chosen.map(({ name }) => literal(`$.${JSON.stringify(name)}`));
      const select = selected(chosen, (_, index) => {
        const value = `fields[${index + 1}]`;
        return `CASE left(${value}::VARCHAR, 1) WHEN '"' THEN ${value}->>'$' WHEN 'n' THEN NULL
          WHEN '[' THEN array_to_string(json_extract_string(${value}, '$[*]'), '${listSeparator}')
          ELSE ${value}::VARCHAR END`;
      });
      await database.run(`CREATE TEMP TABLE source AS SELECT ${select} FROM
        (SELECT json_extract(line, [${paths.join(", ")}]) AS fields FROM ${objects})`);
      const [rows] = await database.numbers("SELECT count(*) FROM source");
      if (rows === file.usedLines) return;
      await addFaults(database, file, `line IS NOT NULL AND NOT ${isObject}`, "that are no JSON object");
    },
  };
}

async function openParquet(database: Database, { path, shownPath }: OpenTableOptions): Promise<TableFile> {
  const from = `read_parquet(${pathLiteral(path)})`;
  const isDamaged = (cause: unknown) => fail(`${shownPath}: cannot be read as parquet (${firstLine(cause)})`, cause);
  const described = await database
    .rows(`SELECT column_name, column_type FROM (DESCRIBE FROM ${from})`)
    .catch(isDamaged);
  const typeOf = new Map(described.map(([name, type]) => [String(name), String(type)]));
  await database.run("CREATE TEMP TABLE faults (line BIGINT, reason VARCHAR)");
  return {
    columns: [...typeOf.keys()],
    headerLines: 0,
    async load(chosen) {
      const select = selected(chosen, ({ name }) =>
        typeOf.get(name)!.endsWith("[]")
          ? `array_to_string(${identifier(name)}, '${listSeparator}')`
          : `${identifier(name)}::VARCHAR`,
      );
      await database.run(`CREATE TEMP TABLE source AS SELECT ${select} FROM ${from}`).catch(isDamaged);
    },
  };
}
