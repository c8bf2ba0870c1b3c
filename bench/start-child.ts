// A process that trains one step and says how long it took to come to that: `node start-child.js ADAPTER`.
import { plantedLog } from "../src/data/planted.ts";
import { leaveOneOut } from "../src/data/split.ts";
import { createEngine, type EngineOptions } from "../src/engine.ts";
import { modelSpec } from "../src/models/registry.ts";
import { createDataset } from "../src/training/dataset.ts";
import { trainingDefaultsOf } from "../src/training/options.ts";
import type { StartTimes } from "./start.ts";
import { createTrainingRun } from "./training-run.ts";

const loaded = performance.now();
const log = plantedLog({ users: 6040, items: 3706, topics: 80, length: [20, 100], seed: 1 });
const dataset = createDataset(leaveOneOut(log));
const begin = performance.now();
const engine = await createEngine({ adapter: process.argv[2] as EngineOptions["adapter"] });
const created = performance.now();
const training = await createTrainingRun(engine, modelSpec("mind"), dataset, trainingDefaultsOf("mind"));
const compiled = performance.now();
await training.step();
await training.program.read("loss");
const done = performance.now();

const times: StartTimes = {
  "start process": loaded,
  "create engine": created - begin,
  "compile and fill parameters": compiled - created,
  "first step": done - compiled,
};
process.stdout.write(JSON.stringify(times), () => process.exit());
