// Node only. The steps of a training, made ahead in a worker thread.
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { fail } from "../errors.ts";
import type { Feeder, FeederTask } from "./feeder-task.ts";
import type { Steps } from "./steps.ts";

/** What the worker is started with. It gets the number of a memory that is free, fills it with its next step and sends the number back. */
export interface WorkerTask extends Omit<FeederTask, "plan"> {
  readonly memories: readonly SharedArrayBuffer[];
  /** Places of the values and nodes in the graph, which the worker builds once more. */
  readonly inputs: readonly number[];
  readonly hostNodes: readonly number[];
}

// The build puts the worker's entry beside the code that starts it; sources that a test runner runs have none.
const entry = new URL("./feeder-worker.js", import.meta.url);

/** Whether the worker's code is there. */
export const canWork = (): boolean => entry.protocol === "file:" && existsSync(entry);

/** Steps that are ready or being made while one is in use. */
const ahead = 2;

export function feedFromWorker(steps: Steps, task: FeederTask): Feeder {
  const memories = Array.from({ length: ahead }, () => new SharedArrayBuffer(steps.bytes));
  const { spec, options, first, plan } = task;
  const data = { ...task.data, split: { train: task.data.split.train } };
  const inputs = plan.inputs.map(({ index }) => index);
  const hostNodes = plan.hostNodes.map((node) => node.outputs[0]!.graph.nodes.indexOf(node));
  const workerData: WorkerTask = { spec, data, options, first, memories, inputs, hostNodes };
  const worker = new Worker(entry, { workerData, execArgv: [] });
  worker.unref();
  const ready: number[] = [];
  let failure: string | undefined;
  let wake = () => {};
  const endWith = (reason: string) => {
    failure ??= reason.split("\n")[0]!;
    wake();
  };
  worker.on("message", (memory: number) => {
    ready.push(memory);
    wake();
  });
  worker.on("error", (error: Error) => endWith(error.message));
  worker.on("exit", () => endWith("it was terminated"));
  for (const [memory] of memories.entries()) worker.postMessage(memory);

  const own = new ArrayBuffer(steps.bytes);
  const { arrays } = steps.within(own);
  const ownBytes = new Uint8Array(own);
  const bytes = memories.map((memory) => new Uint8Array(memory));
  return {
    async next() {
      if (ready.length === 0 && failure === undefined) {
        // Only a worker that is waited for keeps the process alive.
        worker.ref();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        worker.unref();
      }
      const memory = ready.shift() ?? fail(`train: the worker that makes the batches failed: ${failure}`);
      ownBytes.set(bytes[memory]!);
      worker.postMessage(memory);
      return arrays;
    },
    async close() {
      await worker.terminate();
    },
  };
}
