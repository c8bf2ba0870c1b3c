// The entry of the worker thread that makes steps of a training ahead; worker-feeder.ts starts it.
import { parentPort, workerData } from "node:worker_threads";
import { buildObjective } from "./objective.ts";
import { createSteps } from "./steps.ts";
import type { WorkerTask } from "./worker-feeder.ts";

const { spec, data, options, first, stride, memories, inputs, hostNodes } = workerData as WorkerTask;
// The same arguments build the same graph as in the thread that trains, with everything at the same place.
const { loss, sampler } = buildObjective(spec, data, options);
const { values, nodes } = loss.graph;
const plan = { inputs: inputs.map((place) => values[place]!), hostNodes: hostNodes.map((place) => nodes[place]!) };
const steps = createSteps(plan, sampler, data, spec, options);
const slots = memories.map((memory) => steps.within(memory));
let step = first;

parentPort!.on("message", (memory: number) => {
  slots[memory]!.fill(step);
  step += stride;
  parentPort!.postMessage(memory);
});
