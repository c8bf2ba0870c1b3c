import type { Engine } from "../engine.ts";
import type { Parameters } from "../graph/program.ts";
import type { TrainedSpec } from "../models/registry.ts";
import { buildUserGraph } from "../training/encoded-users.ts";
import type { StoredModel } from "../training/model-folder.ts";
import type { ItemTable } from "./exact-index.ts";

type TrainedModel = Omit<StoredModel, "spec"> & { readonly spec: TrainedSpec };

/**
 * The vectors that a model's interests score. Where they are the embeddings as they were trained, the engine's own table is
 * used; where they are computed, from features or a tower, that is done once.
 */
export async function itemTable(engine: Engine, model: TrainedModel, parameters: Parameters): Promise<ItemTable> {
  const { spec, log, itemFeatures, userFeatures } = model;
  const { itemCount } = log;
  const { items } = buildUserGraph(spec, { itemCount, itemFeatures, userFeatures }, 1);
  const vectors = items.all();
  const [, dimension] = vectors.shape as [number, number];
  const table = { itemCount, dimension };
  if (vectors.role === "parameter" && vectors.shape[0] === itemCount + 1)
    return { ...table, name: vectors.name, parameters };
  const program = await engine.compile({ outputs: { vectors }, parameters });
  try {
    await program.run({});
    const own = engine.createParameters();
    const name = "items.vectors";
    own.define(name, vectors.shape, (await program.read("vectors")) as Float32Array);
    return { ...table, name, parameters: own };
  } finally {
    program.dispose();
  }
}
