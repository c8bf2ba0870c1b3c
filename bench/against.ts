import { digits, type Report, type Row } from "./report.ts";

const keyOf = ({ name, engine, shape }: Row) => [name, engine, shape].join(" | ");

/** What became slower since an older report: by more than a tenth, and by more than both spreads together. */
export function slowerThan(old: Report, rows: readonly Row[]): string[] {
  const before = new Map(old.rows.map((row) => [keyOf(row), row]));
  return rows.flatMap((row) => {
    const was = before.get(keyOf(row));
    // Times of different clocks are not the same thing.
    if (was === undefined || was.clock !== row.clock) return [];
    const noise = Math.max(0.1 * was.median_ms, was.spread + row.spread);
    if (row.median_ms - was.median_ms <= noise) return [];
    const ratio = (row.median_ms / was.median_ms).toFixed(2);
    return [`${keyOf(row)}: ${digits(was.median_ms)} -> ${digits(row.median_ms)} ms, ${ratio} times as long`];
  });
}

/** Why two reports cannot be compared row by row; empty where they can. */
export function differences(old: Report, now: Report): string[] {
  return (["machine", "adapter"] as const)
    .filter((key) => old[key] !== now[key])
    .map((key) => `another ${key}: ${old[key]}, now ${now[key]}`);
}
