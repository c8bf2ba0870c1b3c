/** Needs Node: samples in the list-wise layout of torch-rechub as a log of interactions. */
import { fail } from "../errors.ts";
import { joinCutHistories, type SamplesWhere } from "./cut-histories.ts";
import type { Database } from "./duckdb-file.ts";
import { listItems, listText, withoutPadding } from "./list-text.ts";
import { loadNegatives } from "./sample-negatives.ts";
import type { TableFile } from "./table-columns-file.ts";

/** The columns of a sample: a user, the item to be found, `movie_id` say, and the items before it, then `hist_movie_id`. */
export interface SampleColumns {
  readonly user: string;
  readonly target: string;
  readonly history: string;
}

const prefix = "hist_";

/** The column that stands beside the histories of itself; there in files of samples. */
export function targetOfSamples(columns: readonly string[], asked?: string): string | undefined {
  const targets = columns.filter((name) => columns.includes(prefix + name));
  return asked === undefined ? targets[0] : targets.find((name) => name === asked);
}

export const historyOf = (target: string): string => prefix + target;

/** The column of a sample's own negatives. */
const negativesColumn = "neg_items";

/**
 * Creates `source(c0 user, c1 item, c2 time)` from samples: of each user the one with the longest history, and its target after it,
 * from which training makes all the others again, joined to others where histories were cut; and `negatives` where samples list
 * theirs (see {@link loadNegatives}). A list is in any common notation; the item 0 is padding in it. Of the point-wise layout, which
 * has labels, only samples of label 1 count. Returns how the file was understood.
 */
export async function loadSamples(
  database: Database,
  table: TableFile,
  { user, target, history }: SampleColumns,
  shownPath: string,
): Promise<{ readonly hasNegatives: boolean; readonly remarks: readonly string[] }> {
  const [hasLabels, hasNegatives] = ["label", negativesColumn].map((name) => table.columns.includes(name)) as [
    boolean,
    boolean,
  ];
  const more = [...(hasNegatives ? [negativesColumn] : []), ...(hasLabels ? ["label"] : [])];
  await table.load([user, target, history, ...more].map((name) => ({ name, kind: "text" })));
  const [unusable] = await database.numbers("SELECT count(*) FROM source WHERE c0 IS NULL OR c1 IS NULL");
  if (unusable! > 0) fail(`${shownPath}: samples without ${user} or ${target}: ${unusable}; leave those rows out`);
  await database.run("ALTER TABLE source RENAME TO samples");
  const chosen = hasLabels ? `try_cast(c${2 + more.length} AS DOUBLE) = 1` : "true";
  const samples: SamplesWhere = (condition) => `(SELECT user, target, row, text, ${withoutPadding("items")} AS items,
      ${withoutPadding("negatives")} AS negatives
    FROM (SELECT c0 AS user, c1 AS target, rowid AS row, ${listText("c2")} AS text, ${listItems("c2")} AS items,
        ${hasNegatives ? listItems("c3") : "[]"} AS negatives
      FROM samples WHERE (${chosen}) AND (${condition})))`;
  await database.run(`CREATE TEMP TABLE lengths AS SELECT user, row, len(items) AS length FROM ${samples("true")}`);
  await database.run(`CREATE TEMP TABLE longest AS SELECT user, list_append(items, target) AS whole, row, text
    FROM ${samples("rowid IN (SELECT arg_max(row, (length, -row)) FROM lengths GROUP BY user)")}`);
  const joined = await joinCutHistories(database, samples);
  await database.run(`CREATE TEMP TABLE source AS
    SELECT user AS c0, unnest(whole) AS c1, 0::DOUBLE AS c2 FROM (FROM longest ORDER BY row)`);
  const understood = `samples of ${target} with ${history}: of each user the longest; training makes the shorter ones from it, and draws negatives itself`;
  const remarks = joined > 0 ? [`the samples of ${joined} users, whose histories were cut, are joined`] : [];
  if (!hasNegatives) return { hasNegatives, remarks: [understood, ...remarks] };
  const { lists, unplaced } = await loadNegatives(database, samples);
  if (unplaced > 0)
    remarks.push(
      `${unplaced} lists of ${negativesColumn} are left out: their samples are nowhere in the longest of the user`,
    );
  const unless = `unless --negative-sampling listed takes the ${lists} lists of ${negativesColumn}`;
  return { hasNegatives, remarks: [`${understood} ${unless}`, ...remarks] };
}
