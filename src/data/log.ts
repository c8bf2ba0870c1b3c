import type { Sequences } from "./sequences.ts";

/** Rows that could not be used, for one reason. */
export interface DroppedRows {
  readonly reason: string;
  readonly count: number;
  /** The first such line of the file (row of a Parquet file), from 1; a quoted field with line breaks counts as one line. */
  readonly firstLine: number;
}

/** What became of every row of a log file. `rowsRead` = `rowsKept` + `rowsBelowMinimum` + all of `dropped`. */
export interface LoadReport {
  /** Rows of the file, its header not counted, empty lines counted; interactions in a file of one sequence per line. */
  readonly rowsRead: number;
  readonly rowsKept: number;
  readonly dropped: readonly DroppedRows[];
  /** Items with fewer than `minimumItemCount` interactions. */
  readonly itemsBelowMinimum: number;
  /** Users with fewer than `minimumUserCount` interactions among the items that were kept. */
  readonly usersBelowMinimum: number;
  /** Well-formed rows that left with those items and users. */
  readonly rowsBelowMinimum: number;
  /** How the file was understood, where that is not plain, one sentence each. */
  readonly remarks?: readonly string[];
}

/** A log of interactions with its id tables: user `u` is `userIds[u]` in the file, item `i` is `itemIds[i]`. */
export interface InteractionLog extends Sequences {
  /** `[userCount]`, in the order of first appearance. */
  readonly userIds: readonly string[];
  /** `[itemCount + 1]`, `[0]` = "". */
  readonly itemIds: readonly string[];
  /** Interactions of each item in this log: `[itemCount + 1]`, `[0]` = 0, descending from `[1]`. */
  readonly itemCounts: Uint32Array;
  readonly report: LoadReport;
}

const thousands = (count: number) => count.toLocaleString("en-US");

/** "3 rows with no item (first at line 7)", joined by "; ": empty when nothing was dropped. */
export function describeDropped(dropped: readonly DroppedRows[]): string {
  return dropped
    .map(({ reason, count, firstLine }) =>
      count === 1
        ? `1 row ${reason} (line ${firstLine})`
        : `${thousands(count)} rows ${reason} (first at line ${firstLine})`,
    )
    .join("; ");
}

/** The report as lines to print: what was kept, and one line for each kind of loss. */
export function describeLog(log: InteractionLog): string[] {
  const { report } = log;
  const lines = [
    `${thousands(report.rowsKept)} interactions of ${thousands(log.userCount)} users with ${thousands(log.itemCount)} items`,
    ...(report.remarks ?? []),
  ];
  if (report.dropped.length > 0) lines.push(`skipped ${describeDropped(report.dropped)}`);
  if (report.rowsBelowMinimum > 0) {
    lines.push(
      `left out ${thousands(report.itemsBelowMinimum)} items and ${thousands(report.usersBelowMinimum)} users below the minimum counts (${thousands(report.rowsBelowMinimum)} rows)`,
    );
  }
  return lines;
}
