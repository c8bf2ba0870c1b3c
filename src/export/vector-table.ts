/** What a file of vectors holds. */
export interface VectorTable {
  /** Whose vectors they are: the name of the column of ids. */
  readonly owner: "item" | "user";
  readonly rows: number;
  readonly dimension: number;
  /** Most vectors of a row, of which each has its own number; undefined: every row has one. */
  readonly most?: number | undefined;
}

/** One row: an id, and its vectors `[K, dimension]`, one after the other. */
export interface VectorRow {
  readonly id: string;
  readonly vectors: Float32Array;
}

/** A file that is there whole when it is finished, with the files beside it, and not at all before. */
export interface VectorFile {
  add(rows: readonly VectorRow[]): Promise<void>;
  finish(): Promise<void>;
  /** Leaves nothing behind; does nothing after `finish`. */
  abandon(): Promise<void>;
}
