import type { Sizes } from "./kernel-benchmark.ts";
import type { AdapterLimits } from "./limits.ts";
import { type Column, formatTable } from "./table.ts";

/** What a row's floor is made of, or what keeps it away from it: a kernel cannot take less than launching one takes. */
export type Limit = "bytes" | "flops" | "launch";

/** A part of a row's time. */
export interface Part {
  readonly name: string;
  readonly ms: number;
  /** Kernels: share of all kernels. The host: share of the step or the start. */
  readonly share: number;
}

/** One measurement. The JSON file holds these; fields are added, never renamed. */
export interface Row {
  readonly name: string;
  readonly engine: string;
  readonly shape: string;
  /** Kernels: one run of many in a submission. Routing: one call, results read back. Training: one step. Start: until the first step is done. */
  readonly median_ms: number;
  /** Milliseconds within which the middle half of the samples lies. */
  readonly spread: number;
  readonly flops: number;
  readonly bytes: number;
  /** `bytes / bandwidth` or `flops / rate`, the larger. */
  readonly floor_ms: number;
  readonly share_of_floor: number;
  /** The larger of the floor's two parts, or "launch" where launching a kernel takes longer than both. */
  readonly limit?: Limit;
  /** Whose clock gave `median_ms`. */
  readonly clock: "device" | "host";
  /** Kernels: what the shape was derived from. */
  readonly sizes?: Sizes;
  /** Kernels: one run with the wait for the device. */
  readonly call_ms?: number;
  /** Kernel launches of one run. */
  readonly dispatches?: number;
  readonly samples_per_second?: number;
  /** Training: the device's time by kernel, the longest first. */
  readonly kernels?: readonly Part[];
  /** Training: what the host does for a step. Start: its phases. */
  readonly host?: readonly Part[];
}

export interface Report {
  readonly machine: string;
  /** Processes that were running or waiting on average in the minute before. */
  readonly load: number;
  readonly adapter: string;
  readonly date: string;
  readonly commit: string;
  readonly limits: AdapterLimits;
  readonly rows: readonly Row[];
  /** What could not be measured, and why: peers that are not installed, shapes that the adapter cannot hold. */
  readonly missing: readonly string[];
}

type Measured = Omit<Row, "floor_ms" | "share_of_floor" | "limit">;

/** Adds the floor to a measurement whose launching takes at least `launch_ms`. */
export function withFloor(limits: AdapterLimits, row: Measured, launch_ms = limits.launch_ms): Row {
  const ofBytes = (row.bytes / limits.bytes_per_second) * 1000;
  const ofFlops = (row.flops / limits.flops_per_second) * 1000;
  const floor_ms = Math.max(ofBytes, ofFlops);
  const limit = launch_ms > floor_ms ? "launch" : ofBytes >= ofFlops ? "bytes" : "flops";
  return { ...row, floor_ms, share_of_floor: floor_ms / row.median_ms, limit };
}

/** A row of what has no floor. */
export const withoutFloor = (row: Omit<Measured, "flops" | "bytes">): Row => ({
  ...row,
  flops: 0,
  bytes: 0,
  floor_ms: 0,
  share_of_floor: 0,
});

/** Parts with their shares of a whole (default: of their sum), the longest first. */
export function partsOf(times: ReadonlyMap<string, number>, whole?: number): Part[] {
  const total = whole ?? [...times.values()].reduce((sum, ms) => sum + ms, 0);
  const parts = [...times].map(([name, ms]) => ({ name, ms, share: total > 0 ? ms / total : 0 }));
  return parts.sort((a, b) => b.ms - a.ms);
}

/** A number for people, with about three digits. */
export const digits = (value: number) =>
  value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(4);

export const percent = (share: number) => `${(share * 100).toFixed(0)} %`;

const ofFloor = (row: Row, cell: string) => (row.limit === undefined ? "" : cell);

const rowColumns: readonly Column<Row>[] = [
  { title: "name", cell: (row) => row.name, text: true },
  { title: "engine", cell: (row) => row.engine, text: true },
  { title: "shape", cell: (row) => row.shape, text: true },
  { title: "median ms", cell: (row) => digits(row.median_ms) },
  { title: "spread", cell: (row) => digits(row.spread) },
  { title: "clock", cell: (row) => row.clock, text: true },
  { title: "one call ms", cell: (row) => (row.call_ms === undefined ? "" : digits(row.call_ms)) },
  { title: "dispatches", cell: (row) => `${row.dispatches ?? ""}` },
  { title: "samples/s", cell: (row) => row.samples_per_second?.toFixed(0) ?? "" },
  { title: "MFLOP", cell: (row) => ofFloor(row, digits(row.flops / 1e6)) },
  { title: "MB", cell: (row) => ofFloor(row, digits(row.bytes / 1e6)) },
  { title: "floor ms", cell: (row) => ofFloor(row, digits(row.floor_ms)) },
  { title: "of floor", cell: (row) => ofFloor(row, percent(row.share_of_floor)) },
  { title: "limit", cell: (row) => row.limit ?? "", text: true },
];

const partColumns: readonly Column<Part>[] = [
  { title: "part", cell: (part) => part.name, text: true },
  { title: "ms", cell: (part) => digits(part.ms) },
  { title: "share", cell: (part) => percent(part.share) },
];

/** Kernels that are printed one by one; the JSON file holds all of them. */
const printedParts = 12;

/** All rows as one table; under it, where the time of those that were looked into went. */
export function formatRows(rows: readonly Row[]): string {
  const tables = [formatTable(rowColumns, rows)];
  for (const row of rows) {
    const title = `${row.name}, ${row.shape}`;
    if (row.kernels) tables.push(`${title}: kernels\n${formatTable(partColumns, shortened(row.kernels))}`);
    if (row.host) tables.push(`${title}: host\n${formatTable(partColumns, row.host)}`);
  }
  return tables.join("\n\n");
}

function shortened(parts: readonly Part[]): Part[] {
  const rest = parts.slice(printedParts);
  if (rest.length === 0) return [...parts];
  const sum = (key: "ms" | "share") => rest.reduce((total, part) => total + part[key], 0);
  return [...parts.slice(0, printedParts), { name: `${rest.length} others`, ms: sum("ms"), share: sum("share") }];
}

export function formatLimits(limits: AdapterLimits): string {
  const { bytes_per_second, flops_per_second, launch_ms, empty_call_ms } = limits;
  const bandwidth = `copies ${(bytes_per_second / 1e9).toFixed(1)} GB/s (read + written)`;
  const rate = `computes ${(flops_per_second / 1e9).toFixed(1)} GFLOP/s (multiply-adds)`;
  return `${bandwidth}, ${rate}, launches a kernel in ${digits(launch_ms)} ms, an empty call takes ${digits(empty_call_ms)} ms`;
}
