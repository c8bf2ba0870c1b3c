import { createHash } from "node:crypto";
import { fail } from "../errors.ts";

/** Item vectors `[itemCount + 1, dimension]` in the host's memory, row 0 padding. */
export interface ItemVectors {
  readonly itemCount: number;
  readonly dimension: number;
  readonly values: Float32Array;
}

/** By which an index is told from that of another model, or of the same model trained further. */
export function fingerprintOf({ values }: ItemVectors): string {
  return createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");
}

/** Refuses a database that holds vectors of another version than the one that is asked for, or none. */
export function refuseVersion(place: string, hasOther: boolean): never {
  const held = hasOther
    ? "holds the vectors of another model, or of this one before it was trained further"
    : "has no vectors";
  return fail(`${place} ${held}; push this model's with npx polymind index push`);
}

/**
 * The items' vectors made equally long by one more number, `sqrt(longest^2 - |e|^2)`; a query has 0 there, so that dot products stay
 * what they are and their order is that of distances (Bachrach et al., RecSys 2014). Graphs of neighbours need that: by dot product
 * alone long vectors are everybody's neighbours.
 * @returns a function that writes the vector of an item, `[dimension + 1]`, into an array at a place
 */
export function equallyLong({ itemCount, dimension, values }: ItemVectors) {
  const squares = new Float64Array(itemCount + 1);
  let longest = 0;
  for (let item = 1; item <= itemCount; item++) {
    for (let c = 0; c < dimension; c++) squares[item]! += values[item * dimension + c]! ** 2;
    if (!Number.isFinite(squares[item]!))
      fail(`the vector of item ${item} is not finite; a model that diverged cannot be indexed`);
    longest = Math.max(longest, squares[item]!);
  }
  return (item: number, into: Float32Array, at: number): void => {
    into.set(values.subarray(item * dimension, (item + 1) * dimension), at);
    into[at + dimension] = Math.sqrt(longest - squares[item]!);
  };
}

/** The vectors of a query, each with 0 behind it. */
export function asQuery(vectors: Float32Array, dimension: number): Float32Array[] {
  return Array.from({ length: vectors.length / dimension }, (_, j) => {
    const query = new Float32Array(dimension + 1);
    query.set(vectors.subarray(j * dimension, (j + 1) * dimension));
    return query;
  });
}
