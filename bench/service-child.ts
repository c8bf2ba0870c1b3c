// Serves a model with the sizes of MovieLens-1M, or that of a folder: `node service-child.js ADAPTER [FOLDER]`. Prints its port.
import type { AddressInfo } from "node:net";
import { plantedLog } from "../src/data/planted.ts";
import { createEngine, type EngineOptions } from "../src/engine.ts";
import { trainableParameters } from "../src/graph/graph.ts";
import { precisionOf } from "../src/graph/program.ts";
import { modelSpec } from "../src/models/registry.ts";
import { createService } from "../src/service/service.ts";
import { buildUserGraph } from "../src/training/encoded-users.ts";
import { loadModel, type StoredModel } from "../src/training/model-folder.ts";
import { dataDefaults } from "../src/training/model-folder-data.ts";
import { trainingDefaults } from "../src/training/options.ts";

/** As initialised: how long an answer takes does not depend on what a model has learned. */
function untrainedModel(): StoredModel {
  const spec = modelSpec("mind");
  const log = plantedLog({ users: 6040, items: 3706, topics: 80, length: [20, 100], seed: 1 });
  const { graph } = buildUserGraph(spec, log, 1);
  const arrays = trainableParameters(graph).map((value) => {
    const data = value.initial!() as Float32Array;
    return [value.name, { shape: value.shape, data, precision: precisionOf(value) }] as const;
  });
  return {
    ...{ spec, log, training: trainingDefaults, data: dataDefaults, adapter: "none" },
    ...{ parameters: new Map(arrays), results: { history: [], finished: true } },
  };
}

const [adapter, folder] = process.argv.slice(2);
const model = folder === undefined ? untrainedModel() : await loadModel(folder);
const service = await createService({
  ...{ batchSize: 32, batchWait: 2, queue: 256 },
  load: async () => ({ model, fingerprint: "bench" }),
  startEngine: () => createEngine({ adapter: adapter as EngineOptions["adapter"] }),
});
await service.app.listen({ port: 0, host: "127.0.0.1" });
process.on("SIGTERM", () => service.close().then(() => process.exit()));
const { port } = service.app.server.address() as AddressInfo;
process.stdout.write(`${JSON.stringify({ port, users: model.log.userIds.slice(0, 1000) })}\n`);
