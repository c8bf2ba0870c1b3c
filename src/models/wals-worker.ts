// The entry of the worker threads that fit `wals`; wals-crew.ts starts them.
import { parentPort, workerData } from "node:worker_threads";
import type { CrewOrder, CrewTask } from "./wals-crew.ts";
import { workOn } from "./wals-work.ts";

const { memory, next } = workerData as CrewTask;

parentPort!.on("message", ({ step, chunks }: CrewOrder) => {
  const work = workOn(memory, step);
  for (let chunk = Atomics.add(next, 0, 1); chunk < chunks; chunk = Atomics.add(next, 0, 1)) {
    work(chunk);
    parentPort!.postMessage(chunk);
  }
  parentPort!.postMessage(null);
});
