import type { Engine } from "../engine.ts";
import type { Parameters } from "../graph/program.ts";
import { buildUserGraph } from "../training/encoded-users.ts";
import type { ItemTable } from "./exact-index.ts";
import type { ItemVectors } from "./item-vectors.ts";
import type { TrainedModel } from "./trained-model.ts";

/**
 * The vectors that a model's interests score. Where they are the embeddings as they were trained, the engine's own table is
 * used; where they are computed, from features or a tower, that is done once.
 */
export async function itemTable(
  engine: Engine,
  model: Pick<TrainedModel, "spec" | "log" | "itemFeatures" | "userFeatures">,
  parameters: Parameters,
): Promise<ItemTable> {
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

/** The same vectors in the host's memory. */
export async function readVectors({ itemCount, dimension, name, parameters }: ItemTable): Promise<ItemVectors> {
  return { itemCount, dimension, values: await parameters.read(name) };
}
