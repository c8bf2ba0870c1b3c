/** Needs Node: samples in the list-wise layout of torch-rechub as a log of interactions. */
import { fail } from "../errors.ts";
import type { Database } from "./duckdb-file.ts";
import { listSeparator, type TableFile } from "./table-columns-file.ts";

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

/**
 * Creates `source(c0 user, c1 item, c2 time)` from samples: of each user the one with the longest history, and its target after it,
 * from which training makes all the others again. A history is a list in any common notation; the item 0 is padding in it. Of the
 * point-wise layout, which has labels, only samples of label 1 count.
 */
export async function loadSamples(
  database: Database,
  table: TableFile,
  { user, target, history }: SampleColumns,
  shownPath: string,
): Promise<void> {
  const labels = table.columns.filter((name) => name === "label");
  await table.load([user, target, history, ...labels].map((name) => ({ name, kind: "text" })));
  const [unusable] = await database.numbers("SELECT count(*) FROM source WHERE c0 IS NULL OR c1 IS NULL");
  if (unusable! > 0) fail(`${shownPath}: samples without ${user} or ${target}: ${unusable}; leave those rows out`);
  await database.run("ALTER TABLE source RENAME TO samples");
  const items = `list_filter(string_split_regex(translate(coalesce(c2, ''), '[]()''"${listSeparator}', '      ,'), '[\\s,;|]+'),
    item -> item NOT IN ('', '0'))`;
  await database.run(`CREATE TEMP TABLE source AS
    SELECT c0, unnest(list_append(items, c1)) AS c1, 0::DOUBLE AS c2
    FROM (SELECT c0, c1, ${items} AS items, rowid AS row FROM samples WHERE ${labels.length === 0 ? "true" : "try_cast(c3 AS DOUBLE) = 1"}
      QUALIFY row_number() OVER (PARTITION BY c0 ORDER BY len(items) DESC, rowid) = 1 ORDER BY row)`);
}
