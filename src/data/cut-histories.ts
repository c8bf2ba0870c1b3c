/** Needs Node: what users did in all, where the histories of their samples were cut to the last few items. */
import { type Database, literal } from "./duckdb-file.ts";
import { listSeparator } from "./table-columns-file.ts";

/**
 * The SQL of the `samples(user, target, row, text, items, negatives)` whose `rowid` meets a condition: only theirs is taken apart;
 * `text` is the history as it stands in the file.
 */
export type SamplesWhere = (condition: string) => string;

/** What came before a target, at most so many items, and the target. */
export interface Sample {
  readonly items: readonly string[];
  readonly target: string;
}

const keyOf = (items: readonly string[]) => items.join(listSeparator);

/** What a history ends with when the target has joined it. */
const nextOf = ({ items, target }: Sample) => [...items.slice(1), target];

/**
 * The longest sequence in which samples of equally many items follow each other, begun with the first and taken up at both ends: a
 * sample follows another if its history is the other's without the first item and with the target. Each takes part once.
 */
export function joinSamples(samples: readonly Sample[]): string[] {
  const byHistory = queuesOf(samples, ({ items }) => keyOf(items));
  const byNext = queuesOf(samples, (sample) => keyOf(nextOf(sample)));
  const used = new Set<Sample>();
  const take = (queue: Sample[] | undefined) => {
    let sample = queue?.pop();
    while (sample && used.has(sample)) sample = queue!.pop();
    if (sample) used.add(sample);
    return sample;
  };
  const first = samples[0]!;
  used.add(first);
  const after = [first.target];
  for (let next = take(byHistory.get(keyOf(nextOf(first)))); next; next = take(byHistory.get(keyOf(nextOf(next))))) {
    after.push(next.target);
  }
  const before: string[] = [];
  for (let last = take(byNext.get(keyOf(first.items))); last; last = take(byNext.get(keyOf(last.items)))) {
    before.push(last.items[0]!);
  }
  return [...before.reverse(), ...first.items, ...after];
}

/** Samples by a key, the first of each at the end. */
function queuesOf(samples: readonly Sample[], key: (sample: Sample) => string): Map<string, Sample[]> {
  const queues = new Map<string, Sample[]>();
  for (const sample of samples.toReversed()) {
    const queue = queues.get(key(sample));
    if (queue) queue.push(sample);
    else queues.set(key(sample), [sample]);
  }
  return queues;
}

/** Samples of the longest history of a user, of whom there are several such. */
const longestOfSeveral = `rowid IN (SELECT row FROM (SELECT row, user FROM lengths WHERE length > 0
  QUALIFY length = max(length) OVER (PARTITION BY user)) QUALIFY count(*) OVER (PARTITION BY user) > 1)`;

/** Users whose sequences are written back in one statement. */
const usersAtOnce = 500;

/**
 * Joins the samples of users in `longest(user, whole, row, text)` of whom several have the longest history by `lengths(user, row,
 * length)`; returns how many users have more in `whole` now, and in `text` nothing.
 */
export async function joinCutHistories(database: Database, samples: SamplesWhere): Promise<number> {
  const joined: (readonly [user: string, whole: string])[] = [];
  let user = "";
  let own: Sample[] = [];
  const finish = () => {
    if (own.length === 0) return;
    const whole = joinSamples(own);
    if (whole.length > own[0]!.items.length + 1) joined.push([user, keyOf(whole)]);
    own = [];
  };
  await database.stream(
    `SELECT user, target, array_to_string(items, '${listSeparator}') FROM ${samples(longestOfSeveral)} ORDER BY user, row`,
    ([users, targets, items], rowCount) => {
      for (let row = 0; row < rowCount; row++) {
        if (users!(row) !== user) finish();
        user = users!(row) as string;
        own.push({ items: (items!(row) as string).split(listSeparator), target: targets!(row) as string });
      }
    },
  );
  finish();
  if (joined.length === 0) return 0;
  await database.run("CREATE TEMP TABLE joined (user VARCHAR, more VARCHAR)");
  for (let from = 0; from < joined.length; from += usersAtOnce) {
    const rows = joined.slice(from, from + usersAtOnce).map((row) => `(${row.map(literal).join(", ")})`);
    await database.run(`INSERT INTO joined VALUES ${rows.join(", ")}`);
  }
  await database.run(`CREATE OR REPLACE TEMP TABLE longest AS
    SELECT user, CASE WHEN more IS NULL THEN whole ELSE string_split(more, '${listSeparator}') END AS whole, row,
      CASE WHEN more IS NULL THEN text END AS text
    FROM longest LEFT JOIN joined USING (user)`);
  return joined.length;
}
