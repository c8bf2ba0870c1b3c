import type { ModelHolder } from "./model-holder.ts";
import type { Packages } from "./packages.ts";

/** What the service counts, for Prometheus. */
export interface Metrics {
  request(route: string, method: string, status: number, seconds: number): void;
  batch(size: number): void;
  reload(result: "done" | "failed"): void;
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Whose queue, device and model the gauges show. */
  observe(holder: ModelHolder): void;
}

const secondBuckets = [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const sizeBuckets = [1, 2, 4, 8, 16, 32, 64];

export function createMetrics({ Registry, Counter, Gauge, Histogram }: Packages["prometheus"]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "polymind_requests_total",
    help: "Requests by route, method and status; 499: the client went away",
    labelNames: ["route", "method", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "polymind_request_seconds",
    help: "From a request to its answer",
    labelNames: ["route"],
    buckets: secondBuckets,
    registers,
  });
  const batches = new Histogram({
    name: "polymind_batch_size",
    help: "Requests that were answered together",
    buckets: sizeBuckets,
    registers,
  });
  const reloads = new Counter({
    name: "polymind_reloads_total",
    help: "Reloads of the model by result",
    labelNames: ["result"],
    registers,
  });
  new Gauge({
    name: "polymind_memory_bytes",
    help: "Memory of the process: resident, of the heap in use, and outside of it",
    labelNames: ["kind"],
    registers,
    collect() {
      const { rss, heapUsed, external } = process.memoryUsage();
      for (const [kind, bytes] of Object.entries({ rss, heapUsed, external })) this.set({ kind }, bytes);
    },
  });

  return {
    request(route, method, status, seconds) {
      requests.inc({ route, method, status });
      durations.observe({ route }, seconds);
    },
    batch: (size) => batches.observe(size),
    reload: (result) => reloads.inc({ result }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    observe(holder) {
      const gauge = (name: string, help: string, value: () => number) =>
        new Gauge({
          name: `polymind_${name}`,
          help,
          registers,
          collect() {
            this.set(value());
          },
        });
      gauge("queue_depth", "Requests that wait for a batch", () => holder.current.batcher.waiting);
      gauge("device_ready", "1 while the device answers", () => Number(holder.current.device.state === "ready"));
      gauge("device_losses", "Times that the device of the present model was lost", () => holder.current.device.lost);
      gauge("items", "Items of the present model", () => holder.current.model.log.itemCount);
    },
  };
}
