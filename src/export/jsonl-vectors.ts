import { openWholeFile } from "../storage/whole-file.ts";
import type { VectorFile, VectorRow, VectorTable } from "./vector-table.ts";

/**
 * One JSON object a line: `{"item": id, "vector": [...]}`, or `{"user": id, "interests": K, "vectors": [[...], ...]}`. Numbers have
 * the nine digits that tell one float32 from another.
 */
export async function openJsonlVectors(path: string, { owner, dimension, most }: VectorTable): Promise<VectorFile> {
  const file = await openWholeFile(path);
  const lineOf = ({ id, vectors }: VectorRow) => {
    const numbers = Array.from(vectors, (value) => Number(value.toPrecision(9)));
    if (most === undefined) return JSON.stringify({ [owner]: id, vector: numbers });
    const interests = numbers.length / dimension;
    const parts = Array.from({ length: interests }, (_, j) => numbers.slice(j * dimension, (j + 1) * dimension));
    return JSON.stringify({ [owner]: id, interests, vectors: parts });
  };
  return {
    add: (rows) => file.write(rows.map((row) => `${lineOf(row)}\n`).join("")),
    finish: file.finish,
    abandon: file.abandon,
  };
}
