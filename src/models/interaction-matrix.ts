import { itemsAt, type Sequences } from "../data/sequences.ts";

/** The rows of a sparse matrix: row r has `values[n]` in column `columns[n]` for n from `offsets[r]` up to `offsets[r + 1]`. */
export interface SparseRows {
  readonly offsets: Uint32Array;
  /** Ascending within a row. */
  readonly columns: Uint32Array;
  readonly values: Uint32Array;
}

/** How often each user had each item. */
export interface InteractionMatrix {
  /** A row for each user; columns are item ids. */
  readonly byUser: SparseRows;
  /** The same transposed: a row for each item id, from 0, which is empty. */
  readonly byItem: SparseRows;
}

export function interactionMatrix(log: Sequences): InteractionMatrix {
  const byUser = countRows(log);
  return { byUser, byItem: transpose(byUser, log.itemCount + 1) };
}

/** Each user's items once, with how often they occur. */
function countRows(log: Sequences): SparseRows {
  const offsets = new Uint32Array(log.userCount + 1);
  const columns = new Uint32Array(log.items.length);
  const values = new Uint32Array(log.items.length);
  let end = 0;
  for (let user = 0; user < log.userCount; user++) {
    const start = end;
    for (const item of itemsAt(log, user).slice().sort()) {
      if (end === start || columns[end - 1] !== item) columns[end++] = item;
      values[end - 1]!++;
    }
    offsets[user + 1] = end;
  }
  return { offsets, columns: columns.subarray(0, end), values: values.subarray(0, end) };
}

/** Rows become columns; their numbers stay ascending. */
function transpose({ offsets, columns, values }: SparseRows, rowCount: number): SparseRows {
  const ends = new Uint32Array(rowCount + 1);
  for (const column of columns) ends[column + 1]!++;
  for (let row = 0; row < rowCount; row++) ends[row + 1]! += ends[row]!;
  const places = ends.slice(0, rowCount);
  const transposed = { columns: new Uint32Array(columns.length), values: new Uint32Array(columns.length) };
  for (let row = 0; row + 1 < offsets.length; row++) {
    for (let entry = offsets[row]!; entry < offsets[row + 1]!; entry++) {
      const place = places[columns[entry]!]!++;
      transposed.columns[place] = row;
      transposed.values[place] = values[entry]!;
    }
  }
  return { offsets: ends, ...transposed };
}
