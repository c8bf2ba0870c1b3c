import { fail } from "../errors.ts";
import { openJsonlVectors } from "./jsonl-vectors.ts";
import { openNpyVectors } from "./npy-vectors.ts";
import { openParquetVectors } from "./parquet-vectors.ts";
import type { VectorFile, VectorTable } from "./vector-table.ts";

export const vectorFormats = ["npy", "parquet", "jsonl"] as const;
export type VectorFormat = (typeof vectorFormats)[number];

/** The format that is asked for, else the one of the path's ending. */
export function vectorFormatOf(path: string, asked?: VectorFormat): VectorFormat {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase();
  const told = vectorFormats.find((format) => format === ending);
  return asked ?? told ?? fail(`${path}: expected the ending .npy, .parquet or .jsonl; or name one of these as format`);
}

const openers = { npy: openNpyVectors, parquet: openParquetVectors, jsonl: openJsonlVectors };

/** Fails at once where it cannot be written. */
export function openVectorFile(path: string, table: VectorTable, format: VectorFormat): Promise<VectorFile> {
  return openers[format](path, table);
}
