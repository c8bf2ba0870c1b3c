import { Command } from "commander";
import { z } from "zod";
import { fail } from "../errors.ts";
import { defaultTable } from "../retrieval/postgres.ts";
import type { LoadedModel } from "../service/model-holder.ts";
import { requestLimits } from "../service/schemas.ts";
import { bodyLimitDefault } from "../service/server.ts";
import { createService, type Service } from "../service/service.ts";
import { modelFingerprint } from "../storage/read-folder.ts";
import { loadModel } from "../training/model-folder.ts";
import { type Console, createConsole, type Io, isLoopback } from "./io.ts";
import { readCatalogue } from "./item-catalogue.ts";
import { adapterFor, startEngine } from "./judging.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions } from "./options.ts";
import { catchInterrupt } from "./train-and-save.ts";

const count = z.number().int().min(1);

const schema = {
  ...commonSchema,
  model: z.string().min(1),
  port: z.number().int().min(0).max(65_535),
  host: z.string().min(1),
  token: z.string().min(1),
  batchSize: count.max(64),
  batchWait: z.number().min(0).max(1000),
  queue: count,
  maxBody: count,
  maxHistory: count,
  maxTop: count.max(requestLimits.top),
  index: z.string().min(1),
  table: z.string().min(1),
  mapIndex: z.boolean(),
  catalogue: z.string().min(1),
  category: z.string().min(1),
  title: z.string().min(1),
};

type ServeOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const defaults = { port: 8080, host: "127.0.0.1", batchSize: 32, batchWait: 2, queue: 256 };

const flags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  { key: "port", value: "number", description: "port to listen on; 0: any free one", standard: defaults.port },
  { key: "host", value: "address", description: "address to listen on", standard: defaults.host },
  { key: "token", value: "text", description: "what requests must show as a bearer token; better in --config" },
  { key: "batchSize", value: "number", description: "most requests answered together", standard: defaults.batchSize },
  { key: "batchWait", value: "ms", description: "how long one waits for others", standard: defaults.batchWait },
  { key: "queue", value: "number", description: "requests that may wait; others get 429", standard: defaults.queue },
  { key: "maxBody", value: "bytes", description: "most bytes of a request", standard: bodyLimitDefault },
  { key: "maxHistory", value: "number", description: "most behaviours of a history", standard: requestLimits.history },
  { key: "maxTop", value: "number", description: "most items of an answer", standard: requestLimits.top },
  {
    key: "index",
    value: "place",
    description: "search the index in a folder, or at a postgres:// or qdrant:// address; default: all items, exactly",
  },
  { key: "table", value: "name", description: "its table in PostgreSQL", standard: defaultTable },
  { key: "mapIndex", description: "leave the index of a folder on disk and read what is touched" },
  {
    key: "catalogue",
    value: "file",
    description: "file with categories and titles of items; default: that of the features",
  },
  { key: "category", value: "column", description: "its column of categories, to filter by; default: the first" },
  { key: "title", value: "column", description: "its column of titles, which then come with the ids" },
  ...commonFlags.filter(({ key }) => key !== "json"),
];

const examples = `
Examples:
  $ polymind serve --model model/ --port 8080
  $ curl -d '{"history":["3186","1721"],"top":10}' -H 'content-type: application/json' localhost:8080/recommend
SIGHUP, or POST /reload, reads the folder anew. GET /docs describes the routes.`;

/** `polymind serve` */
export function serveCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("serve").description("Answer requests for recommendations over HTTP.");
  return addFlags(command, flags)
    .addHelpText("after", examples)
    .action(async (given) => {
      const options: ServeOptions = await readOptions(schema, given);
      await serve(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
}

async function serve(options: ServeOptions, console: Console): Promise<void> {
  const folder = options.model ?? fail("no model to serve: name its folder with --model DIR");
  const { port, host, token, batchSize, batchWait, queue } = { ...defaults, ...options };
  const { maxHistory: history = requestLimits.history, maxTop: top = requestLimits.top } = options;
  const service = await createService({
    ...{ batchSize, batchWait, queue },
    load: () => load(folder, options, console),
    recommender: { index: options.index, table: options.table, mapIndex: options.mapIndex },
    startEngine: (model) => startEngine(adapterFor(model.spec, options.adapter), console),
    server: {
      limits: { ...requestLimits, history, top },
      ...{ bodyLimit: options.maxBody, token },
      onError: (error) => console.error(`error: ${error.message}`),
    },
  });
  const { signal, release } = catchInterrupt(console, "ending when the requests under way are answered");
  const endReloads = console.onHangUp(() => reload(service, console));
  try {
    const address = await service.app.listen({ port, host }).catch((error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE" ? "the port is taken" : error.message;
      return fail(`cannot listen on ${host}:${port}: ${reason}; choose another with --port or --host`, error);
    });
    const { model } = service.holder.current;
    console.print(`serving ${model.spec.name} of ${folder}, ${model.log.itemCount} items, on ${address}`);
    if (token === undefined && !isLoopback(host)) console.note("anybody who reaches this address may ask: see --token");
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  } finally {
    endReloads();
    await service.close();
    release();
  }
}

async function reload({ holder, metrics }: Service, console: Console): Promise<void> {
  try {
    const { fingerprint } = await holder.reload();
    metrics.reload("done");
    console.note(`reloaded: ${fingerprint} serves now`);
  } catch (error) {
    metrics.reload("failed");
    console.error(`reload: ${(error as Error).message} (${holder.current.fingerprint} serves on)`);
  }
}

/** The model of a folder; one that was saved anew in the meantime is read once more. */
async function load(folder: string, options: ServeOptions, console: Console): Promise<LoadedModel> {
  const fingerprint = await modelFingerprint(folder);
  const model = await loadModel(folder);
  if ((await modelFingerprint(folder)) !== fingerprint) return load(folder, options, console);
  const { title, catalogue, category } = options;
  if ((title ?? catalogue ?? category) === undefined) return { model, fingerprint };
  const read = await readCatalogue(options, model.data, model.log.itemIds, model.itemFeatures, console);
  return { model, fingerprint, categories: read.categories, titles: title === undefined ? undefined : read.titles };
}
