import type { Limits } from "./limits.ts";

/** One measurement. The JSON file holds these; fields are added, never renamed. */
export interface Row {
  readonly name: string;
  readonly engine: string;
  readonly shape: string;
  /** Kernels: per run, of several runs in the queue. Routing and training: one call, outputs read back. */
  readonly median_ms: number;
  /** Milliseconds within which the middle half of the samples lies. */
  readonly spread: number;
  readonly flops: number;
  readonly bytes: number;
  /** `bytes / bandwidth` or `flops / rate`, the larger. */
  readonly floor_ms: number;
  readonly share_of_floor: number;
  /** Kernels: one run with the wait for the device. */
  readonly call_ms?: number;
  /** Kernel launches of one run. */
  readonly dispatches?: number;
  readonly samples_per_second?: number;
}

export interface Report {
  readonly machine: string;
  /** Processes that were running or waiting on average in the minute before. */
  readonly load: number;
  readonly adapter: string;
  readonly date: string;
  readonly commit: string;
  readonly limits: Limits & { readonly empty_call_ms: number };
  readonly rows: readonly Row[];
  /** Peers that were not there to be measured, and how to get them. */
  readonly missing: readonly string[];
}

export function withFloor(limits: Limits, row: Omit<Row, "floor_ms" | "share_of_floor">): Row {
  const seconds = Math.max(row.bytes / limits.bytes_per_second, row.flops / limits.flops_per_second);
  const floor_ms = seconds * 1000;
  return { ...row, floor_ms, share_of_floor: floor_ms / row.median_ms };
}

/** A number for people, with about three digits. */
export const digits = (value: number) =>
  value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(4);

const columns: readonly (readonly [title: string, cell: (row: Row) => string])[] = [
  ["name", (row) => row.name],
  ["engine", (row) => row.engine],
  ["shape", (row) => row.shape],
  ["median ms", (row) => digits(row.median_ms)],
  ["spread", (row) => digits(row.spread)],
  ["one call ms", (row) => (row.call_ms === undefined ? "" : digits(row.call_ms))],
  ["dispatches", (row) => `${row.dispatches ?? ""}`],
  ["MFLOP", (row) => digits(row.flops / 1e6)],
  ["MB", (row) => digits(row.bytes / 1e6)],
  ["floor ms", (row) => digits(row.floor_ms)],
  ["of floor", (row) => `${(row.share_of_floor * 100).toFixed(0)} %`],
];
const textColumns = 3;

/** The rows as lines of equal width. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  const align = (text: string, i: number) => (i < textColumns ? text.padEnd(widths[i]!) : text.padStart(widths[i]!));
  return cells.map((line) => line.map(align).join("  ").trimEnd()).join("\n");
}

export function formatLimits({ bytes_per_second, flops_per_second, empty_call_ms }: Report["limits"]): string {
  const bandwidth = `copies ${(bytes_per_second / 1e9).toFixed(1)} GB/s (read + written)`;
  const rate = `computes ${(flops_per_second / 1e9).toFixed(1)} GFLOP/s (multiply-adds)`;
  return `${bandwidth}, ${rate}, an empty call takes ${empty_call_ms.toFixed(3)} ms`;
}

const keyOf = ({ name, engine, shape }: Row) => [name, engine, shape].join(" | ");

/** What became slower since an older report: by more than a tenth, and by more than both spreads together. */
export function slowerThan(old: Report, rows: readonly Row[]): string[] {
  const before = new Map(old.rows.map((row) => [keyOf(row), row]));
  return rows.flatMap((row) => {
    const was = before.get(keyOf(row));
    if (was === undefined) return [];
    const noise = Math.max(0.1 * was.median_ms, was.spread + row.spread);
    if (row.median_ms - was.median_ms <= noise) return [];
    const ratio = (row.median_ms / was.median_ms).toFixed(2);
    return [`${keyOf(row)}: ${digits(was.median_ms)} -> ${digits(row.median_ms)} ms, ${ratio} times as long`];
  });
}
