import type { Engine } from "../engine.ts";
import { itemTable, readVectors } from "../retrieval/item-table.ts";
import { requireTrained } from "../retrieval/trained-model.ts";
import type { StoredModel } from "../training/model-folder.ts";
import { restored } from "../training/parameter-arrays.ts";
import { openVectorFile, type VectorFormat, vectorFormatOf } from "./vector-file.ts";
import type { VectorTable } from "./vector-table.ts";

/** Rows that are handed on together. */
const rowsAtOnce = 4096;

export interface ExportVectorsOptions {
  /** Default: told by the ending of the file. */
  readonly format?: VectorFormat | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Writes the vectors of a model's items, as interests score them, with their ids in the order of popularity. */
export async function exportItemVectors(
  engine: Engine,
  model: StoredModel,
  path: string,
  { format, onProgress }: ExportVectorsOptions = {},
): Promise<VectorTable> {
  const trained = requireTrained(model, "vectors to export");
  const parameters = restored(engine, model.parameters);
  const { itemCount, dimension, values } = await readVectors(await itemTable(engine, trained, parameters));
  const content: VectorTable = { owner: "item", rows: itemCount, dimension };
  const file = await openVectorFile(path, content, vectorFormatOf(path, format));
  try {
    for (let at = 1; at <= itemCount; at += rowsAtOnce) {
      const ids = model.log.itemIds.slice(at, at + rowsAtOnce);
      await file.add(
        ids.map((id, row) => ({
          id,
          vectors: values.subarray((at + row) * dimension, (at + row + 1) * dimension),
        })),
      );
      onProgress?.(Math.min(at + rowsAtOnce - 1, itemCount), itemCount);
    }
    await file.finish();
  } finally {
    await file.abandon();
  }
  return content;
}
