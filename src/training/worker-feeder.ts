// Node only. The steps of a training, made ahead in worker threads.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { createInbox } from "../worker-inbox.ts";
import type { Feeder, FeederTask } from "./feeder-task.ts";
import { inSharedMemory } from "./shared-memory.ts";
import type { Steps } from "./steps.ts";

/**
 * What a worker is started with: it makes step `first` and each `stride` after it. It gets the number of a memory that is free, fills
 * it with its next step and sends the number back.
 */
export interface WorkerTask extends Omit<FeederTask, "plan"> {
  readonly stride: number;
  readonly memories: readonly SharedArrayBuffer[];
  /** Places of the values and nodes in the graph, which the worker builds once more. */
  readonly inputs: readonly number[];
  readonly hostNodes: readonly number[];
}

// The build puts the worker's entry beside the code that starts it; sources that a test runner runs have none.
const entry = new URL("./feeder-worker.js", import.meta.url);

/** Whether the worker's code is there. */
export const canWork = (): boolean => entry.protocol === "file:" && existsSync(entry);

/** Steps that a worker has ready or makes while one is in use. */
const ahead = 2;

/** A worker makes about a million samples of 50 behaviours a second; a core is left to this thread and one to the driver. */
const standardWorkers = () => Math.min(4, Math.max(1, availableParallelism() - 2));

/** The steps from `task.first` on, made by so many workers in turn. */
export function feedFromWorkers(steps: Steps, task: FeederTask, count = standardWorkers()): Feeder {
  const { spec, options, plan } = task;
  const data = inSharedMemory({ ...task.data, split: { train: task.data.split.train } });
  const inputs = plan.inputs.map(({ index }) => index);
  const hostNodes = plan.hostNodes.map((node) => node.outputs[0]!.graph.nodes.indexOf(node));
  const workers = Array.from({ length: count }, (_, index) => {
    const memories = Array.from({ length: ahead }, () => new SharedArrayBuffer(steps.bytes));
    const first = task.first + index;
    return startWorker({ spec, data, options, first, stride: count, memories, inputs, hostNodes });
  });
  const own = new ArrayBuffer(steps.bytes);
  const { arrays } = steps.within(own);
  const bytes = new Uint8Array(own);
  let turn = 0;
  return {
    async next() {
      await workers[turn]!.take(bytes);
      turn = (turn + 1) % count;
      return arrays;
    },
    async close() {
      await Promise.all(workers.map(({ end }) => end()));
    },
  };
}

interface StepWorker {
  /** Copies its next step, which is waited for. */
  take(into: Uint8Array): Promise<void>;
  end(): Promise<unknown>;
}

function startWorker(workerData: WorkerTask): StepWorker {
  const worker = new Worker(entry, { workerData, execArgv: [] });
  worker.unref();
  const ready = createInbox<number>(
    [worker],
    (reason = "it was terminated") => `train: the worker that makes the batches failed: ${reason}`,
  );
  const memories = workerData.memories.map((memory) => new Uint8Array(memory));
  for (const [memory] of memories.entries()) worker.postMessage(memory);
  return {
    async take(into) {
      // Only a worker that is waited for keeps the process alive.
      worker.ref();
      const memory = await ready.next().finally(() => worker.unref());
      into.set(memories[memory]!);
      worker.postMessage(memory);
    },
    end: () => worker.terminate(),
  };
}
