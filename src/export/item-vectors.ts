import type { Engine } from "../engine.ts";
import { fail } from "../errors.ts";
import { isFitted, type TrainedSpec } from "../models/registry.ts";
import { itemTable } from "../retrieval/item-table.ts";
import type { StoredModel } from "../training/model-folder.ts";
import { restore } from "../training/parameter-arrays.ts";
import { openVectorFile, type VectorFormat, vectorFormatOf } from "./vector-file.ts";
import type { VectorTable } from "./vector-table.ts";

/** Rows that are handed on together. */
const rowsAtOnce = 4096;

/** Writes the vectors of a model's items, as interests score them, with their ids in the order of popularity. */
export async function exportItemVectors(
  engine: Engine,
  model: StoredModel,
  path: string,
  { format }: { readonly format?: VectorFormat | undefined } = {},
): Promise<VectorTable> {
  const { spec, log } = model;
  if (isFitted(spec)) fail(`${spec.name} makes no vectors to export; use a model that is trained`);
  const parameters = engine.createParameters();
  restore(parameters, model.parameters);
  const table = await itemTable(engine, { ...model, spec: spec as TrainedSpec }, parameters);
  const { itemCount, dimension } = table;
  const values = await table.parameters.read(table.name);
  const content: VectorTable = { owner: "item", rows: itemCount, dimension };
  const file = await openVectorFile(path, content, vectorFormatOf(path, format));
  try {
    for (let at = 1; at <= itemCount; at += rowsAtOnce) {
      const ids = log.itemIds.slice(at, at + rowsAtOnce);
      await file.add(
        ids.map((id, row) => ({
          id,
          vectors: values.subarray((at + row) * dimension, (at + row + 1) * dimension),
        })),
      );
    }
    await file.finish();
  } finally {
    await file.abandon();
  }
  return content;
}
