import { onTestFinished } from "vitest";
import type { FeatureTable } from "../../src/data/features.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { createEngine } from "../../src/engine.ts";
import { trainableParameters } from "../../src/graph/graph.ts";
import { precisionOf } from "../../src/graph/program.ts";
import { fittedModel, isFitted, type ModelName, type ModelOptions, modelSpec } from "../../src/models/registry.ts";
import { createService, type Service, type ServiceOptions } from "../../src/service/service.ts";
import { buildUserGraph } from "../../src/training/encoded-users.ts";
import type { StoredModel } from "../../src/training/model-folder.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";
import { trainingDefaults } from "../../src/training/options.ts";

const planted = plantedLog({ users: 60, items: 40, topics: 8, length: [4, 9], seed: 7 });
/** Items i1 to i40, but for those that nobody has had. */
const log = { ...planted, itemIds: planted.itemIds.map((_, item) => (item === 0 ? "" : `i${item}`)) };

/** Colours of the items, red and blue in turn. */
export const itemFeatures: FeatureTable = {
  fields: [{ name: "colour", width: 1, values: ["red", "blue"], firstFeature: 1 }],
  rowCount: log.itemCount,
  width: 1,
  rows: Uint32Array.from({ length: log.itemCount }, (_, row) => 1 + (row % 2)),
  featureCount: 2,
};

/** Each user is young. */
export const userFeatures: FeatureTable = {
  fields: [{ name: "age", width: 1, values: ["young", "old"], firstFeature: 1 }],
  rowCount: log.userCount,
  width: 1,
  rows: new Uint32Array(log.userCount).fill(1),
  featureCount: 2,
};

/** A model as initialised or fitted, with items and users enough to recommend. */
export async function smallModel(
  name: ModelName = "mind",
  { seed = 1, ...more }: ModelOptions & Partial<Pick<StoredModel, "itemFeatures" | "userFeatures">> = {},
): Promise<StoredModel> {
  const options = { dimension: 8, length: 8, hiddenLayers: [], interests: 3, embeddingDeviation: 1 };
  const spec = modelSpec(name, { ...options, ...more, seed });
  const features = { itemFeatures: more.itemFeatures, userFeatures: more.userFeatures };
  const source = {
    ...{ spec, log, training: trainingDefaults, data: dataDefaults, adapter: "test" },
    ...{ ...features, results: { history: [], finished: true } },
  };
  if (isFitted(spec)) {
    const { arrays } = await fittedModel(spec).pass(log, undefined, async () => undefined);
    return { ...source, parameters: arrays };
  }
  const { graph } = buildUserGraph(spec, { itemCount: log.itemCount, ...features }, 1);
  const arrays = trainableParameters(graph).map((value) => {
    const data = value.initial!() as Float32Array;
    return [value.name, { shape: value.shape, data, precision: precisionOf(value) }] as const;
  });
  return { ...source, parameters: new Map(arrays) };
}

/** What any of the routes answers. */
export interface AnswerBody {
  readonly items: readonly {
    readonly item: string;
    readonly title?: string;
    readonly score: number;
    readonly interest: number;
  }[];
  readonly interests: readonly (readonly number[])[];
  readonly unknown: Readonly<Record<string, number>>;
  readonly model: string;
  readonly error: string;
}

export interface Started extends Service {
  /** Posts a body and gives status and answer. */
  post(url: string, body: unknown, headers?: Record<string, string>): Promise<{ status: number; body: AnswerBody }>;
}

/** A service on the CPU, unless other engines are given, that ends with the test. */
export async function startService(
  model: StoredModel | ServiceOptions["load"],
  options: Partial<ServiceOptions> = {},
): Promise<Started> {
  const load = typeof model === "function" ? model : async () => ({ model, fingerprint: "first" });
  const service = await createService({
    ...{ load, startEngine: () => createEngine({ adapter: "cpu" }) },
    ...{ batchSize: 8, batchWait: 1, queue: 100, ...options },
  });
  onTestFinished(() => service.close());
  return {
    ...service,
    async post(url, body, headers = {}) {
      const answer = await service.app.inject({ method: "POST", url, payload: body as object, headers });
      return { status: answer.statusCode, body: answer.json<AnswerBody>() };
    },
  };
}
