// What the picture shows, as data: bars, and shares of the floor over the grid of shapes.
import type { Sizes } from "./kernel-benchmark.ts";
import { digits, percent, type Row } from "./report.ts";

export interface Bar {
  readonly label: string;
  readonly length: number;
  readonly note: string;
  readonly ours: boolean;
}

export interface Bars {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface Heat {
  readonly title: string;
  readonly columns: readonly string[];
  readonly lines: readonly { readonly label: string; readonly shares: readonly (number | undefined)[] }[];
}

export type Section = Bars | Heat;

export function sectionsOf(rows: readonly Row[]): Section[] {
  const kernels = rows.filter((row) => row.sizes !== undefined);
  const given = kernels[0]?.sizes;
  const sections = [
    ...comparisons(rows),
    floors(kernels.filter((row) => row.floor_ms > 0 && distance(row.sizes!, given!) === 0)),
    ...(given === undefined ? [] : grid(kernels, given)),
    training(rows),
    // The other catalogues differ in little; the JSON file holds them.
    ...rows
      .filter((row) => row.kernels)
      .slice(0, 1)
      .map(stepKernels),
    starts(rows),
  ];
  return sections.filter((section) => !("bars" in section) || section.bars.length > 0);
}

function comparisons(rows: readonly Row[]): Bars[] {
  const names = new Set(rows.filter((row) => row.engine !== "polymind").map((row) => row.name));
  return [...names].map((name) => {
    const measured = rows.filter((row) => row.name === name);
    const ours = measured.find((row) => row.engine === "polymind")!;
    const bars = measured.map((row) => {
      const ratio = row === ours ? "" : `, ${digits(row.median_ms / ours.median_ms)} x`;
      return {
        label: row.engine,
        length: row.median_ms,
        note: `${digits(row.median_ms)} ms${ratio}`,
        ours: row === ours,
      };
    });
    return { title: `${name}, ${ours.shape}: time of one call`, bars };
  });
}

function floors(kernels: readonly Row[]): Bars {
  const bars = kernels.map((row) => ({
    label: `${row.name}, ${row.shape}`,
    length: row.share_of_floor,
    note: `${percent(row.share_of_floor)}, ${digits(row.median_ms)} ms, ${row.limit}`,
    ours: row.limit !== "launch",
  }));
  return {
    title: "Kernels: share of the adapter's limit that is reached (grey: a launch takes longer than the work)",
    bars,
  };
}

function training(rows: readonly Row[]): Bars {
  const steps = rows.filter((row) => row.samples_per_second !== undefined);
  const bars = steps.map((row) => ({
    label: row.shape,
    length: row.samples_per_second!,
    note: `${row.samples_per_second!.toFixed(0)} samples/s, ${digits(row.median_ms)} ms`,
    ours: true,
  }));
  return { title: "Training steps", bars };
}

function stepKernels(row: Row): Bars {
  const bars = row.kernels!.slice(0, 12).map(({ name, ms, share }) => ({
    label: name,
    length: ms,
    note: `${digits(ms)} ms, ${percent(share)}`,
    ours: true,
  }));
  return { title: `${row.name}, ${row.shape}: its kernels`, bars };
}

function starts(rows: readonly Row[]): Bars {
  const bars = rows
    .filter((row) => row.name.startsWith("start"))
    .map((row) => ({ label: row.name, length: row.median_ms, note: `${digits(row.median_ms)} ms`, ours: true }));
  return { title: "From the start of a process to its first finished training step", bars };
}

const axes = [
  ["L", "length"],
  ["d", "dimension"],
  ["K", "interests"],
  ["B", "batch"],
] as const satisfies readonly (readonly [string, keyof Sizes])[];

const distance = (sizes: Sizes, given: Sizes) => axes.filter(([, axis]) => sizes[axis] !== given[axis]).length;

/** Shares of the floor where one size differs from the given ones; nothing where there are no such rows. */
function grid(kernels: readonly Row[], given: Sizes): Heat[] {
  const near = kernels.filter((row) => row.floor_ms > 0 && distance(row.sizes!, given) <= 1);
  const columnOf = ({ sizes }: Row) => {
    const varied = axes.find(([, axis]) => sizes![axis] !== given[axis]);
    return varied === undefined ? "as above" : `${varied[0]} ${sizes![varied[1]]}`;
  };
  const columns = [...new Set(near.map(columnOf))].sort((a, b) => rankOf(a) - rankOf(b));
  if (columns.length < 2) return [];
  const names = [...new Set(near.map((row) => row.name))];
  const lines = names.map((name) => {
    const own = near.filter((row) => row.name === name);
    return {
      label: name,
      shares: columns.map((column) => own.find((row) => columnOf(row) === column)?.share_of_floor),
    };
  });
  return [{ title: "Kernels: share of the limit where one size is another", columns, lines }];
}

/** The given sizes first, then by axis and value. */
function rankOf(column: string): number {
  const [letter, value] = column.split(" ");
  const axis = axes.findIndex(([name]) => name === letter);
  return axis < 0 ? -1 : axis * 1e6 + Number(value);
}
