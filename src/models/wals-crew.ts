// Node only. Worker threads that share the memory of a pass and take its chunks one after another, whoever is free.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { createInbox } from "../worker-inbox.ts";
import type { WalsMemory, WalsStep } from "./wals-work.ts";

/** Does all chunks of a step; `onChunk` is awaited after each. */
export interface Crew {
  run(step: WalsStep, chunks: number, onChunk: (chunk: number) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** What a worker is started with. */
export interface CrewTask {
  readonly memory: WalsMemory;
  /** The number of the next chunk. */
  readonly next: Int32Array;
}

/** A worker gets a step, sends the number of each chunk that it has done, and null when there are no more. */
export interface CrewOrder {
  readonly step: WalsStep;
  readonly chunks: number;
}

// The build puts the worker's entry beside the code that starts it; sources that a test runner runs have none.
const entry = new URL("./wals-worker.js", import.meta.url);

/** Threads that it pays to start: one for each core, or none where there is one alone or the worker's code is not there. */
export function threadsHere(): number {
  const cores = availableParallelism();
  return cores > 1 && entry.protocol === "file:" && existsSync(entry) ? cores : 0;
}

export function startCrew(memory: WalsMemory, threads: number): Crew {
  const next = new Int32Array(new SharedArrayBuffer(4));
  const workerData: CrewTask = { memory, next };
  const workers = Array.from({ length: threads }, () => new Worker(entry, { workerData, execArgv: [] }));
  const inbox = createInbox<number | null>(workers, (reason = "wals: a worker was terminated") => reason);
  return {
    async run(step, chunks, onChunk) {
      Atomics.store(next, 0, 0);
      const order: CrewOrder = { step, chunks };
      for (const worker of workers) worker.postMessage(order);
      for (let busy = threads; busy > 0; ) {
        const message = await inbox.next();
        if (message === null) busy--;
        else await onChunk(message);
      }
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
