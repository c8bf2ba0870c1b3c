/** Needs Node: an interaction log from a file, filtered, numbered and sorted by DuckDB. */
import { fail } from "../errors.ts";
import { type Database, withDatabase } from "./duckdb-file.ts";
import { addFaults, countFaults, lineOfRow, linesOf, openLines } from "./lines-file.ts";
import { type DroppedRows, describeDropped, type InteractionLog, type LoadReport } from "./log.ts";
import { type FileFormat, formatOf, withPlainFile } from "./plain-file.ts";
import { readNegatives } from "./sample-negatives.ts";
import { historyOf, loadSamples, targetOfSamples } from "./samples-file.ts";
import type { TableColumn } from "./table-columns-file.ts";
import { openTable } from "./table-file.ts";

export interface ReadInteractionsOptions {
  /** Column of the user. Default: the first there is of {@link usualNames}. */
  readonly user?: string | undefined;
  /** Column of the item. Default: as for the user. */
  readonly item?: string | undefined;
  /** Column of a number or a date to sort by; `false`: the rows are in order already. Default: as for the user. */
  readonly time?: string | false | undefined;
  /** Users with fewer interactions are left out. Default 1. */
  readonly minimumUserCount?: number | undefined;
  /**
   * Items with fewer interactions are left out, before the users are counted; neither is counted again. Default 1, with which items
   * that only lists of negatives name stay.
   */
  readonly minimumItemCount?: number | undefined;
  /** Default: told by the extension, before `.gz`. */
  readonly format?: FileFormat | undefined;
  /** Names for the columns of a CSV, TSV or `::` file without a header. Default of `::`: user, item, rating, time. */
  readonly columnNames?: readonly string[] | undefined;
}

/** Names under which a column is found when none is given, in any case of letters. */
export const usualNames = {
  user: ["user_id", "user", "userId", "uid", "reviewerID", "visitorid", "session_id"],
  item: [
    "item_id",
    "item",
    "itemId",
    "iid",
    "movie_id",
    "movie",
    "movieId",
    "product_id",
    "asin",
    "video_id",
    "track_id",
  ],
  time: ["timestamp", "time", "unix_timestamp", "unixReviewTime", "datetime", "date", "position", "order"],
} as const;

/**
 * Reads a log of interactions. Rows are sorted by user and time, rows of equal time in the order of the file; ids are
 * trimmed text. Rows that cannot be used are counted in the report. Fails with one line on a file that is missing,
 * empty or damaged, on a missing column, and if nothing is left. A file with the columns `hist_X` and `X` is one of samples, in the
 * list-wise layout of torch-rechub; if it has `neg_items`, too, the log has `negatives`.
 */
export async function readInteractions(path: string, options: ReadInteractionsOptions = {}): Promise<InteractionLog> {
  const { minimumUserCount = 1, minimumItemCount = 1 } = options;
  for (const [name, value] of Object.entries({ minimumUserCount, minimumItemCount })) {
    if (!(value >= 0 && Number.isFinite(value))) fail(`${name} is a number from 0, got ${value}`);
  }
  return withPlainFile(path, (plainPath) => {
    const format = formatOf(path, options.format);
    return withDatabase(async (database) => {
      const loaded: Loaded =
        format === "sequences"
          ? await loadSequences(database, plainPath)
          : await loadTable(database, plainPath, path, format, options);
      const dropped = await findDropped(database, loaded.headerLines);
      await filterAndNumber(database, minimumUserCount, minimumItemCount);
      const report = await makeReport(database, dropped);
      if (report.rowsKept === 0) failEmpty(path, report, minimumUserCount, minimumItemCount);
      const lists = loaded.hasNegatives && (await readNegatives(database, report.rowsKept, { minimumItemCount }));
      const log = {
        ...(await readTables(database, report, loaded.isTimed)),
        ...(lists && { negatives: lists.negatives }),
      };
      const remarks = [...(loaded.remarks ?? []), ...(lists ? lists.remarks : [])];
      return { ...log, report: { ...report, ...(remarks.length > 0 && { remarks }) } };
    });
  });
}

/** What is known of a loaded file beside its rows. */
interface Loaded {
  readonly headerLines: number;
  readonly isTimed: boolean;
  /** Whether there is a table `negatives` of the interactions' lists. */
  readonly hasNegatives?: boolean;
  readonly remarks?: readonly string[];
}

/** Creates `source(c0 user, c1 item, c2 time)` from rows and columns. */
async function loadTable(
  database: Database,
  path: string,
  shownPath: string,
  format: Exclude<FileFormat, "sequences">,
  options: ReadInteractionsOptions,
): Promise<Loaded> {
  const columnNames = options.columnNames ?? (format === "dat" ? ["user", "item", "rating", "time"] : undefined);
  const table = await openTable(database, { path, shownPath, format, columnNames });
  const find = (what: keyof typeof usualNames, asked: string | undefined): string => {
    const wanted = asked === undefined ? usualNames[what] : [asked];
    const isWanted = (name: string) => (column: string) =>
      asked === undefined ? column.toLowerCase() === name.toLowerCase() : column === name;
    for (const name of wanted) {
      const found = table.columns.find(isWanted(name));
      if (found !== undefined) return found;
    }
    const named = asked === undefined ? `; name it with ${what}` : ` "${asked}"`;
    return fail(`${shownPath}: no ${what} column${named}; the columns are ${table.columns.join(", ")}`);
  };
  const target = targetOfSamples(table.columns, options.item);
  if (target !== undefined) {
    if (typeof options.time === "string")
      fail(`${shownPath}: ${historyOf(target)} says what came before ${target}; leave out time "${options.time}"`);
    const samples = { user: find("user", options.user), target, history: historyOf(target) };
    return {
      headerLines: table.headerLines,
      isTimed: false,
      ...(await loadSamples(database, table, samples, shownPath)),
    };
  }
  const columns: TableColumn[] = [
    { name: find("user", options.user), kind: "text" },
    { name: find("item", options.item), kind: "text" },
  ];
  if (options.time !== false) columns.push({ name: find("time", options.time), kind: "time" });
  await table.load(columns);
  if (options.time === false) await database.run("ALTER TABLE source ADD COLUMN c2 DOUBLE DEFAULT 0");
  return { headerLines: table.headerLines, isTimed: options.time !== false };
}

/** Creates `source(c0 user, c1 item, c2 time)` from lines of a user and their items. */
async function loadSequences(database: Database, path: string): Promise<Loaded> {
  const file = await openLines(database, path);
  await database.run(`CREATE TEMP TABLE source AS
    SELECT fields[1] AS c0, unnest(fields[2:]) AS c1, 0::DOUBLE AS c2
    FROM (SELECT string_split_regex(trim(line), '\\s+') AS fields FROM ${linesOf(file)})`);
  await addFaults(database, file, "line IS NOT NULL AND trim(line) NOT SIMILAR TO '.*\\s.*'", "with no items");
  return { headerLines: 0, isTimed: false };
}

const isUsable = "c0 IS NOT NULL AND c1 IS NOT NULL AND c2 IS NOT NULL";

/** What cannot be used, by reason, in the order of the first line. */
async function findDropped(database: Database, headerLines: number): Promise<DroppedRows[]> {
  const dropped = await countFaults(database);
  const conditions = [
    ["with no user", "c0 IS NULL"],
    ["with no item", "c0 IS NOT NULL AND c1 IS NULL"],
    ["with no readable time", "c0 IS NOT NULL AND c1 IS NOT NULL AND c2 IS NULL"],
  ] as const;
  for (const [reason, condition] of conditions) {
    const [count, row] = await database.numbers(`SELECT count(*), min(rowid) FROM source WHERE ${condition}`);
    if (count! > 0) dropped.push({ reason, count: count!, firstLine: await lineOfRow(database, row!, headerLines) });
  }
  return dropped.sort((a, b) => a.firstLine - b.firstLine);
}

/**
 * Creates `events(user_code, item_code, time, row)`, `kept_users(user_id, code)` with the final user numbers, and
 * `kept_items(item_id, code, id)`, where `code` numbers the items that are frequent enough and `id` those that are left.
 */
async function filterAndNumber(database: Database, minimumUserCount: number, minimumItemCount: number): Promise<void> {
  await database.run(`CREATE TEMP TABLE frequent_items AS
    SELECT c1 AS item_id, row_number() OVER (ORDER BY min(rowid)) AS code
    FROM source WHERE ${isUsable} GROUP BY c1 HAVING count(*) >= ${minimumItemCount}`);
  await database.run(`CREATE TEMP TABLE kept_users AS
    SELECT c0 AS user_id, (row_number() OVER (ORDER BY min(source.rowid)) - 1)::UINTEGER AS code, count(*) AS events
    FROM source SEMI JOIN frequent_items ON c1 = item_id WHERE ${isUsable}
    GROUP BY c0 HAVING count(*) >= ${minimumUserCount}`);
  await database.run(`CREATE TEMP TABLE events AS
    SELECT kept_users.code AS user_code, frequent_items.code AS item_code, c2 AS time, source.rowid AS row
    FROM source JOIN frequent_items ON c1 = item_id JOIN kept_users ON c0 = user_id WHERE c2 IS NOT NULL`);
  await database.run(`CREATE TEMP TABLE kept_items AS
    SELECT item_id, code, id, events FROM frequent_items JOIN (
      SELECT item_code, (row_number() OVER (ORDER BY count(*) DESC, min(row)))::UINTEGER AS id, count(*) AS events
      FROM events GROUP BY item_code) ON item_code = code`);
}

async function makeReport(database: Database, dropped: DroppedRows[]): Promise<LoadReport> {
  const [usable, kept, faults] = await database.numbers(`SELECT (SELECT count(*) FROM source WHERE ${isUsable}),
    (SELECT count(*) FROM events), (SELECT count(*) FROM faults)`);
  const [rows] = await database.numbers("SELECT count(*) FROM source");
  const counted = { rowsRead: rows! + faults!, rowsKept: kept!, dropped, rowsBelowMinimum: usable! - kept! };
  if (usable === kept) return { ...counted, itemsBelowMinimum: 0, usersBelowMinimum: 0 };
  const [users, items] = await database.numbers(`
    SELECT count(DISTINCT c0) - (SELECT count(*) FROM kept_users),
      count(DISTINCT c1) - (SELECT count(*) FROM frequent_items) FROM source WHERE ${isUsable}`);
  return { ...counted, itemsBelowMinimum: items!, usersBelowMinimum: users! };
}

function failEmpty(path: string, report: LoadReport, minimumUserCount: number, minimumItemCount: number): never {
  if (report.rowsRead === 0) fail(`${path}: there are no rows after the header`);
  if (report.rowsBelowMinimum === 0) fail(`${path}: no row can be used: ${describeDropped(report.dropped)}`);
  return fail(
    `${path}: no rows are left after the minimum counts (${minimumItemCount} per item, ${minimumUserCount} per user); lower them`,
  );
}

/** The sorted items, their times and the id tables, streamed out of DuckDB. */
async function readTables(
  database: Database,
  report: LoadReport,
  isTimed: boolean,
): Promise<Omit<InteractionLog, "report">> {
  const userIds: string[] = [];
  const ends: number[] = [0];
  await database.stream("SELECT user_id, events FROM kept_users ORDER BY code", ([userId, events], rowCount) => {
    for (let row = 0; row < rowCount; row++) {
      userIds.push(String(userId!(row)));
      ends.push(ends.at(-1)! + Number(events!(row)));
    }
  });
  const itemIds: string[] = [""];
  const counts: number[] = [0];
  await database.stream("SELECT item_id, events FROM kept_items ORDER BY id", ([itemId, events], rowCount) => {
    for (let row = 0; row < rowCount; row++) {
      itemIds.push(String(itemId!(row)));
      counts.push(Number(events!(row)));
    }
  });
  const items = new Uint32Array(report.rowsKept);
  const times = isTimed ? new Float64Array(report.rowsKept) : undefined;
  let place = 0;
  await database.stream(
    `SELECT id, time FROM events JOIN kept_items ON item_code = code ORDER BY user_code, time, row`,
    ([id, time], rowCount) => {
      for (let row = 0; row < rowCount; row++) {
        if (times) times[place] = time!(row) as number;
        items[place++] = id!(row) as number;
      }
    },
  );
  return {
    userCount: userIds.length,
    itemCount: itemIds.length - 1,
    offsets: Uint32Array.from(ends),
    items,
    ...(times && { times }),
    userIds,
    itemIds,
    itemCounts: Uint32Array.from(counts),
  };
}
