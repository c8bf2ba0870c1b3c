/** Needs Node (for its types): what all readers of rows and columns share. */
import type { FileFormat } from "./plain-file.ts";

/** `text` is trimmed; `time` is seconds, of a number or of a date. Both are NULL where there is nothing to read. */
export interface TableColumn {
  readonly name: string;
  readonly kind: "text" | "time";
}

/** A file whose columns are known and whose rows are still to be read. */
export interface TableFile {
  readonly columns: readonly string[];
  /** Lines up to and with the header. */
  readonly headerLines: number;
  /** Creates the table `source` of these columns, named `c0`, `c1` ... in their order; completes the table `faults`. */
  load(columns: readonly TableColumn[]): Promise<void>;
}

/** Stands between the values of a list in a text: JSON lines and Parquet have lists. */
export const listSeparator = "\u001f";

/** `shownPath` is the user's, for messages; `path` that of the plain file. */
export interface OpenTableOptions {
  readonly path: string;
  readonly shownPath: string;
  readonly format: Exclude<FileFormat, "sequences">;
  /** Names for the columns of a CSV, TSV or `::` file without a header; a `::` file never has one. */
  readonly columnNames?: readonly string[] | undefined;
}

/** The select list of the table `source`; `textOf` gives the SQL of a column as text. */
export function selected(
  columns: readonly TableColumn[],
  textOf: (column: TableColumn, index: number) => string,
): string {
  return columns
    .map((column, index) => {
      const text = textOf(column, index);
      const seconds = `coalesce(try_cast(${text} AS DOUBLE), epoch(try_cast(${text} AS TIMESTAMPTZ)))`;
      const value =
        column.kind === "time" ? `CASE WHEN isfinite(${seconds}) THEN ${seconds} END` : `nullif(trim(${text}), '')`;
      return `${value} AS c${index}`;
    })
    .join(", ");
}
