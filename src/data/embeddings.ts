import { fail } from "../errors.ts";

/** Vectors that were learned elsewhere, for the items of a log. */
export interface ItemEmbeddings {
  /** Where they are from, for messages. */
  readonly source: string;
  readonly dimension: number;
  /** `[items, dimension]`: row i is item i + 1; 0 for those that have none. */
  readonly rows: Float32Array;
  /** `[items]`: 1 for items that have one. */
  readonly found: Uint8Array;
  /** Items that have none. */
  readonly missing: number;
}

/** Takes vectors by id, one after the other, for the items of a log. */
export interface EmbeddingsCollector {
  /** Ids that are no items are passed over; of several vectors for one id the first counts. */
  add(id: string, vector: ArrayLike<number>): void;
  finish(): ItemEmbeddings;
}

/** @param ids of items 1, 2 and so on, as they are in the log */
export function collectEmbeddings(source: string, ids: readonly string[], dimension: number): EmbeddingsCollector {
  if (dimension < 1) fail(`${source}: expected vectors of at least one number`);
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const rows = new Float32Array(ids.length * dimension);
  const found = new Uint8Array(ids.length);
  let first: string | undefined;
  return {
    add(id, vector) {
      first ??= id;
      const row = rowOf.get(id);
      if (row === undefined || found[row] === 1) return;
      if (vector.length !== dimension)
        fail(`${source}: the vector of item ${id} has ${vector.length} numbers, those before it ${dimension}`);
      for (let c = 0; c < dimension; c++) {
        const value = Math.fround(vector[c]!);
        if (!Number.isFinite(value))
          fail(`${source}: number ${c + 1} of the vector of item ${id} is ${vector[c]}, which is not finite`);
        rows[row * dimension + c] = value;
      }
      found[row] = 1;
    },
    finish() {
      const missing = found.reduce((count, here) => count - here, ids.length);
      if (missing === ids.length) {
        fail(
          `${source}: none of its ids is an item of the log: it begins with "${first ?? ""}", the log's with "${ids[0] ?? ""}"; ids must be as they are in the log`,
        );
      }
      return { source, dimension, rows, found, missing };
    },
  };
}
