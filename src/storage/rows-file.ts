import { fail } from "../errors.ts";
import { openWholeFile } from "./whole-file.ts";

export type Cell = string | number;

/** A file of rows that is there whole when it is finished, and not at all before. */
export interface RowsFile {
  /** The cells in the order of the columns. */
  add(cells: readonly Cell[]): Promise<void>;
  finish(): Promise<void>;
  /** Leaves nothing behind; does nothing after `finish`. */
  abandon(): Promise<void>;
}

/** Rows are written in chunks of about so many characters. */
const chunkLength = 1 << 20;

/** Opens a CSV or JSONL file, told by its extension, for the named columns; fails at once where it cannot be written. */
export async function openRowsFile(path: string, columns: readonly string[]): Promise<RowsFile> {
  const format = formats[/\.(csv|jsonl)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];
  if (format === undefined) return fail(`${path}: rows are written as .csv or .jsonl, told by the extension`);
  const file = await openWholeFile(path);
  let waiting = format.head(columns);
  const flush = async () => {
    await file.write(waiting);
    waiting = "";
  };
  return {
    async add(cells) {
      waiting += format.row(columns, cells);
      if (waiting.length > chunkLength) await flush();
    },
    async finish() {
      await flush();
      await file.finish();
    },
    abandon: file.abandon,
  };
}

interface RowsFormat {
  head(columns: readonly string[]): string;
  row(columns: readonly string[], cells: readonly Cell[]): string;
}

const formats: Readonly<Record<string, RowsFormat>> = {
  csv: {
    head: (columns) => csvLine(columns),
    row: (_, cells) => csvLine(cells),
  },
  jsonl: {
    head: () => "",
    row: (columns, cells) => `${JSON.stringify(Object.fromEntries(columns.map((name, i) => [name, cells[i]])))}\n`,
  },
};

/** RFC 4180, with the line break that every tool of today writes. */
function csvLine(cells: readonly Cell[]): string {
  return `${cells.map((cell) => (/[",\r\n]|^\s|\s$/.test(`${cell}`) ? `"${`${cell}`.replaceAll('"', '""')}"` : cell)).join(",")}\n`;
}
