/** Needs Node: the lists of negatives that samples bring, each for the interaction that its sample is about. */
import type { SamplesWhere } from "./cut-histories.ts";
import type { Database } from "./duckdb-file.ts";
import { betweenItems } from "./list-text.ts";
import type { NegativeLists } from "./sequences.ts";

/** What became of the lists of a file. */
export interface ListCounts {
  readonly lists: number;
  /** Lists of samples that are nowhere in their user's longest sequence. */
  readonly unplaced: number;
}

/**
 * Creates `negatives(row, sample, position, item)`: which items are listed for the interaction in row `row` of `source`, given the
 * tables `longest(user, whole, row, text)`, `lengths(user, row, length)` and `source(c0 user, c1 item, ...)`, in which a user's rows
 * lie together. A history that is all that came before the target says where that is; one that was cut is looked for, the same one
 * twice at one place after another. Lists of one place, as the pair-wise layout has them, become one.
 */
export async function loadNegatives(database: Database, samples: SamplesWhere): Promise<ListCounts> {
  await database.run(`CREATE TEMP TABLE starts AS SELECT longest.user, first, text
    FROM longest JOIN (SELECT c0 AS user, min(rowid) AS first FROM source GROUP BY c0) USING (user)`);
  // Most histories are, letter by letter, what the longest begins with: these need not be taken apart.
  await database.run(`CREATE TEMP TABLE placed AS SELECT own.row AS sample, first + length AS row
    FROM ${samples("true")} AS own JOIN lengths ON lengths.row = own.row JOIN starts ON starts.user = own.user
      JOIN source ON source.rowid = first + length AND c1 = target
    WHERE starts_with(starts.text, own.text)
      AND (length = 0 OR regexp_matches(substr(starts.text || ' ', length(own.text) + 1, 1), '${betweenItems}'))`);
  await database.run(`CREATE TEMP TABLE others AS
    SELECT user, target, row, items, row_number() OVER (PARTITION BY user, target, text ORDER BY row) AS turn
    FROM ${samples("rowid IN (SELECT lengths.row FROM lengths ANTI JOIN placed ON lengths.row = sample)")} WHERE len(items) > 0 AND len(negatives) > 0`);
  await database.run(`INSERT INTO placed
    SELECT sample, first + CASE WHEN list_contains(places, least) THEN least ELSE places[least(turn, len(places))] END
    FROM (SELECT others.row AS sample, others.user, any_value(turn) AS turn, any_value(len(items)) AS least,
        list(place ORDER BY place) AS places
      FROM others JOIN longest USING (user) JOIN (SELECT user, unnest(whole) AS item, unnest(range(len(whole))) AS place
        FROM longest SEMI JOIN others USING (user)) AS spots ON spots.user = others.user AND item = target
      WHERE place >= len(items) AND whole[place - len(items) + 1:place] = items GROUP BY others.row, others.user)
    JOIN starts USING (user)`);
  await database.run(`CREATE TEMP TABLE negatives AS
    SELECT placed.row, sample, unnest(range(len(negatives))) AS position, unnest(negatives) AS item
    FROM ${samples("true")} AS own JOIN placed ON own.row = sample`);
  const [lists, used] = await database.numbers(`SELECT
    (SELECT count(*) FROM ${samples("true")} WHERE len(negatives) > 0), (SELECT count(DISTINCT sample) FROM negatives)`);
  return { lists: lists!, unplaced: lists! - used! };
}

/**
 * The lists of the interactions in their final order, `events(user_code, time, row)`, and how they were understood. Items that are
 * only ever listed join `kept_items(item_id, code, id, events)`, after the others, unless rare items are left out.
 */
export async function readNegatives(
  database: Database,
  interactions: number,
  { minimumItemCount }: { readonly minimumItemCount: number },
): Promise<{ readonly negatives: NegativeLists; readonly remarks: readonly string[] }> {
  const remarks: string[] = [];
  if (minimumItemCount <= 1) {
    await database.run(`INSERT INTO kept_items
      SELECT item, NULL, (SELECT count(*) FROM kept_items) + row_number() OVER (ORDER BY min((sample, position))), 0
      FROM negatives ANTI JOIN kept_items ON item = item_id GROUP BY item`);
    const [added] = await database.numbers("SELECT count(*) FROM kept_items WHERE events = 0");
    if (added! > 0) remarks.push(`${added} items are only ever listed as negatives`);
  }
  const [all, kept] = await database.numbers(`SELECT count(*), count(id)
    FROM negatives SEMI JOIN events USING (row) LEFT JOIN kept_items ON item = item_id`);
  if (kept! < all!) remarks.push(`${all! - kept!} of ${all} listed negatives are items that were left out`);
  const offsets = new Uint32Array(interactions + 1);
  const items = new Uint32Array(kept!);
  let filled = 0;
  await database.stream(
    `SELECT place, id FROM (SELECT row, row_number() OVER (ORDER BY user_code, time, row) AS place FROM events)
      JOIN negatives USING (row) JOIN kept_items ON item = item_id ORDER BY place, sample, position`,
    ([place, id], rowCount) => {
      for (let row = 0; row < rowCount; row++) {
        offsets[place!(row) as number]!++;
        items[filled++] = id!(row) as number;
      }
    },
  );
  for (let place = 0; place < interactions; place++) offsets[place + 1]! += offsets[place]!;
  return { negatives: { offsets, items }, remarks };
}
