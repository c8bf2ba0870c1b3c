import type { FastifyInstance } from "fastify";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createModelHolder, type ModelHolder, type ModelHolderOptions } from "./model-holder.ts";
import { loadPackages } from "./packages.ts";
import { createServer, type ServerOptions } from "./server.ts";

export interface ServiceOptions extends Omit<ModelHolderOptions, "onBatch"> {
  readonly server?: ServerOptions | undefined;
}

/** A model behind HTTP. */
export interface Service {
  /** The Fastify application, ready; not listening until told to. */
  readonly app: FastifyInstance;
  readonly holder: ModelHolder;
  readonly metrics: Metrics;
  /** Takes nothing new, lets what has begun be answered for at most `patience` ms (default: 10,000), and frees the model. */
  close(patience?: number): Promise<void>;
}

/** Loads and warms up a model, and makes the routes that answer from it. */
export async function createService({ server, ...options }: ServiceOptions): Promise<Service> {
  const packages = await loadPackages();
  const metrics = createMetrics(packages.prometheus);
  const holder = await createModelHolder({ ...options, onBatch: metrics.batch });
  metrics.observe(holder);
  const app = await createServer(packages, holder, metrics, server);
  return {
    app,
    holder,
    metrics,
    async close(patience = 10_000) {
      const timer = setTimeout(() => app.server.closeAllConnections(), patience);
      await app.close();
      clearTimeout(timer);
      holder.close();
    },
  };
}
