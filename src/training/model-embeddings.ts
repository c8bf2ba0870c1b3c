import { collectEmbeddings, type ItemEmbeddings } from "../data/embeddings.ts";
import { fail } from "../errors.ts";
import { lastDimension } from "../graph/shape.ts";
import { loadModel } from "./model-folder.ts";

/** The item embeddings that the model of a folder has learned, for the items of another log. */
export async function embeddingsOfModel(folder: string, ids: readonly string[]): Promise<ItemEmbeddings> {
  const { parameters, log, spec } = await loadModel(folder);
  const table = parameters.get("items.embedding") ?? fail(`${folder}: ${spec.name} has no item embeddings`);
  const dimension = lastDimension(table.shape);
  const collector = collectEmbeddings(folder, ids, dimension);
  for (let item = 1; item <= log.itemCount; item++) {
    collector.add(log.itemIds[item]!, table.data.subarray(item * dimension, (item + 1) * dimension));
  }
  return collector.finish();
}
