/** Needs Node: features of users or items from a file. */
import { readFile } from "node:fs/promises";
import { fail } from "../errors.ts";
import { withDatabase } from "./duckdb-file.ts";
import { encodeFeatures, type FeatureColumn, type FeatureTable, whyNoCategory } from "./features.ts";
import { countFaults } from "./lines-file.ts";
import { describeDropped } from "./log.ts";
import { type FileFormat, formatOf, nameWithoutPacking, withPlainFile } from "./plain-file.ts";
import { listSeparator } from "./table-columns-file.ts";
import { openTable } from "./table-file.ts";

export interface ReadFeaturesOptions {
  /** Column of the user or item. Default: the first. */
  readonly key?: string | undefined;
  /** Columns to use, whatever their values. Default: all but the key, those that are no categories left out with a note. */
  readonly columns?: readonly string[] | undefined;
  /** The log's `userIds` or `itemIds`: row `i` belongs to `ids[i]`. An empty id, as of padding, has no features. */
  readonly ids: readonly string[];
  /** Stands between the values of a multi-valued column. Default "|". */
  readonly separator?: string | undefined;
  /** Default: told by the extension, before `.gz`; `.json` is one object of a list for each key. */
  readonly format?: Exclude<FileFormat, "sequences"> | undefined;
  /** Names for the columns of a CSV, TSV or `::` file without a header. Default of `::`: column0, column1 ... */
  readonly columnNames?: readonly string[] | undefined;
}

/** A feature table with what was noticed while it was read. */
export interface ReadFeatureTable extends FeatureTable {
  /** Ids of which the file says nothing. */
  readonly unmatched: number;
  /** Columns that were left out and lines that were skipped, one sentence each. */
  readonly notes: readonly string[];
}

/** Columns of text for the ids, and what was noticed. */
interface ReadColumns {
  readonly columns: readonly FeatureColumn[];
  readonly found: Uint8Array;
  readonly notes: string[];
}

/** Reads categorical features; numbers are categories too. Of several rows for one id the first counts. */
export async function readFeatures(path: string, options: ReadFeaturesOptions): Promise<ReadFeatureTable> {
  const rowOf = new Map(options.ids.map((id, row) => [id, row]));
  rowOf.delete("");
  const isJson = options.format === undefined && /\.json$/i.test(nameWithoutPacking(path));
  const read = await withPlainFile(path, (plainPath) =>
    isJson ? readLists(plainPath, path, rowOf, options) : readColumns(plainPath, path, rowOf, options),
  );
  const notes = [...read.notes];
  const columns = read.columns.filter((column) => {
    const reason = options.columns ? undefined : whyNoCategory(column);
    if (reason) notes.push(reason);
    return reason === undefined;
  });
  const matched = read.found.reduce((sum, found) => sum + found, 0);
  if (matched === 0) fail(`${path}: none of its keys is an id of the log; the first key column may be another (key)`);
  if (columns.length === 0) fail(`${path}: no column is a category: ${notes.join("; ")}`);
  return { ...encodeFeatures(columns, options.ids.length), unmatched: rowOf.size - matched, notes };
}

async function readColumns(
  path: string,
  shownPath: string,
  rowOf: ReadonlyMap<string, number>,
  options: ReadFeaturesOptions,
): Promise<ReadColumns> {
  const format = formatOf(shownPath, options.format);
  if (format === "sequences") fail(`${shownPath}: a file of sequences has no features`);
  return withDatabase(async (database) => {
    const table = await openTable(database, { path, shownPath, format, columnNames: options.columnNames });
    const existing = (name: string) =>
      table.columns.includes(name)
        ? name
        : fail(`${shownPath}: no column "${name}"; the columns are ${table.columns.join(", ")}`);
    const key = existing(options.key ?? table.columns[0]!);
    const names = options.columns?.map(existing) ?? table.columns.filter((name) => name !== key);
    if (names.length === 0) fail(`${shownPath}: there is no column but the key ${key}`);
    await table.load([key, ...names].map((name) => ({ name, kind: "text" })));
    const columns = names.map((name) => ({ name, values: emptyLists(options.ids.length) }));
    const found = new Uint8Array(options.ids.length);
    const split = splitter(options.separator ?? "|");
    await database.stream("SELECT * FROM source ORDER BY rowid", ([keyOf, ...readers], rowCount) => {
      for (let row = 0; row < rowCount; row++) {
        const target = rowOf.get(String(keyOf!(row)));
        if (target === undefined || found[target] === 1) continue;
        found[target] = 1;
        columns.forEach(({ values }, index) => {
          values[target] = split(readers[index]!(row));
        });
      }
    });
    const dropped = await countFaults(database);
    const notes = dropped.length > 0 ? [`skipped ${describeDropped(dropped)}`] : [];
    return { columns, found, notes };
  });
}

/** A JSON object of `key: value` or `key: [value, ...]`, as the one column `attributes`. */
async function readLists(
  path: string,
  shownPath: string,
  rowOf: ReadonlyMap<string, number>,
  options: ReadFeaturesOptions,
): Promise<ReadColumns> {
  const parsed = parseObject(await readFile(path, "utf8"), shownPath);
  const values = emptyLists(options.ids.length);
  const found = new Uint8Array(options.ids.length);
  for (const [key, value] of Object.entries(parsed)) {
    const list = Array.isArray(value) ? value : [value];
    if (list.some((element) => typeof element === "object")) {
      fail(`${shownPath}: the value of "${key}" is neither a text, a number nor a list of these`);
    }
    const row = rowOf.get(key);
    if (row === undefined) continue;
    found[row] = 1;
    values[row] = [...new Set(list.map(String))];
  }
  return { columns: [{ name: "attributes", values }], found, notes: [] };
}

function parseObject(text: string, shownPath: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    fail(`${shownPath}: is no JSON (${(cause as Error).message})`, cause);
  }
  const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  return isObject ? (parsed as object) : fail(`${shownPath}: is no JSON object of lists`);
}

/** Splits at the separator and between the elements of a list; a value twice in one row counts once. */
function splitter(separator: string): (text: number | string | null) => string[] {
  return (text) => {
    if (text === null) return [];
    const lists = String(text).split(listSeparator);
    const values = (separator === "" ? lists : lists.flatMap((part) => part.split(separator))).map((value) =>
      value.trim(),
    );
    return [...new Set(values)].filter((value) => value !== "");
  };
}

function emptyLists(count: number): string[][] {
  return Array.from({ length: count }, () => []);
}
