import type { Feeder, FeederTask } from "./feeder-task.ts";
import type { Steps } from "./steps.ts";

/** Where the arrays of the steps are made: in worker threads, ahead of the device, or in the thread that trains. */
export type FeederPlace = "worker" | "in-thread";

/** Fewer samples than this are made sooner than a worker has started. */
const smallLog = 50_000;

/**
 * A feeder in the given place; by default workers for a GPU, which would wait for the host, and the thread that trains for
 * small logs, for software adapters, which the host keeps up with and shares its cores with, and where there are no workers.
 */
export async function createFeeder(
  steps: Steps,
  task: FeederTask,
  adapter: string,
  place?: FeederPlace,
): Promise<Feeder> {
  const inNode = typeof process === "object" && process.versions?.node !== undefined;
  const suits = inNode && adapter !== "software" && adapter !== "cpu" && steps.sampleCount >= smallLog;
  if (place === "worker" || (place === undefined && suits)) {
    const { canWork, feedFromWorkers } = await import("./worker-feeder.ts");
    if (place === "worker" || canWork()) return feedFromWorkers(steps, task);
  }
  return feedInThread(steps, task.first);
}

function feedInThread(steps: Steps, first: number): Feeder {
  const { arrays, fill } = steps.within(new ArrayBuffer(steps.bytes));
  let step = first;
  return {
    async next() {
      fill(step++);
      return arrays;
    },
    async close() {},
  };
}
