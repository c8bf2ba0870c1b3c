import { encodeFeatures } from "../../src/data/features.ts";
import { plantedLog } from "../../src/data/planted.ts";
import type { StoredArray } from "../../src/models/arrays.ts";
import { normal } from "../../src/models/initializers.ts";
import { type ModelName, type ModelOptions, modelSpec, type TrainedSpec } from "../../src/models/registry.ts";
import { fromHalves, toHalves } from "../../src/reference/half.ts";
import { buildUserGraph } from "../../src/training/encoded-users.ts";
import { type StoredModel, saveModel } from "../../src/training/model-folder.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";
import { trainingDefaults } from "../../src/training/options.ts";

const planted = plantedLog({ users: 23, items: 30, topics: 5, length: [1, 9], seed: 5 });
const log = { ...planted, times: Float64Array.from(planted.items, (_, place) => 100 * place) };
const small = { dimension: 8, length: 6, hiddenLayers: [8], interests: 3, attentionDimension: 8, stateDimension: 8 };

/** A model that nobody has trained: all its parameters are drawn at random, so that each of them counts. */
export function untrainedModel(
  name: ModelName,
  options: ModelOptions = {},
  { features = false } = {},
): StoredModel & { readonly spec: TrainedSpec } {
  const spec = modelSpec(name, { ...small, ...options }) as TrainedSpec;
  const table = (rows: number, values: number) =>
    encodeFeatures(
      [
        { name: "colour", values: Array.from({ length: rows }, (_, i) => [`c${i % values}`]) },
        { name: "tags", values: Array.from({ length: rows }, (_, i) => [`t${i % 3}`, `t${i % 4}`].slice(0, i % 3)) },
      ],
      rows,
    );
  const tables = features ? { itemFeatures: table(log.itemCount, 4), userFeatures: table(log.userCount, 5) } : {};
  const { graph } = buildUserGraph(spec, { itemCount: log.itemCount, ...tables }, 1);
  const parameters = graph.values
    .filter(({ role }) => role === "parameter")
    .map(({ name: parameter, shape, type }): [string, StoredArray] => {
      const data = normal(0.4, { seed: 11, name: parameter })(shape);
      if (type !== "f16") return [parameter, { shape, data, precision: "f32" }];
      return [parameter, { shape, data: fromHalves(toHalves(data)), precision: "f16" }];
    });
  const training = { ...trainingDefaults };
  const results = { history: [], finished: true };
  return {
    spec,
    training,
    data: dataDefaults,
    log,
    adapter: "test",
    parameters: new Map(parameters),
    results,
    ...tables,
  };
}

/** Writes a model as training would. */
export async function saveUntrained(path: string, model: StoredModel): Promise<void> {
  const progress = { epoch: 1, step: 0, history: [], finished: true };
  await saveModel(path, model, { progress, state: new Map(), best: model.parameters });
}
