import { Command } from "commander";
import { z } from "zod";
import { fail } from "../errors.ts";
import { itemTable, readVectors } from "../retrieval/item-table.ts";
import type { ItemVectors } from "../retrieval/item-vectors.ts";
import { pushToPostgres } from "../retrieval/pgvector-push.ts";
import { defaultTable, isPostgresUrl, shownUrl, tablesOf } from "../retrieval/postgres.ts";
import { isQdrantUrl, parseQdrantUrl } from "../retrieval/qdrant.ts";
import { pushToQdrant } from "../retrieval/qdrant-push.ts";
import { requireTrained } from "../retrieval/trained-model.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { loadModel } from "../training/model-folder.ts";
import { restored } from "../training/parameter-arrays.ts";
import { type Console, createConsole, type Io, isLoopback } from "./io.ts";
import { startEngine } from "./judging.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions } from "./options.ts";
import { showCounts } from "./progress.ts";

const schema = {
  ...commonSchema,
  model: z.string().min(1),
  to: z.string().min(1),
  table: z.string().min(1),
  load: z.enum(["copy", "insert"]),
  shards: z.number().int().min(1),
  replicas: z.number().int().min(1),
};

type PushCommandOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const flags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  {
    key: "to",
    value: "address",
    description: "postgres://user:password@host:port/database, with pgvector, or qdrant://host:6333/collection",
  },
  {
    key: "table",
    value: "name",
    description: "table of the vectors in PostgreSQL, made where it is missing",
    standard: defaultTable,
  },
  {
    key: "load",
    value: "how",
    description: "copy, or insert: slower, for servers and poolers that do not speak COPY",
    standard: "copy",
  },
  { key: "shards", value: "number", description: "parts of the collection in Qdrant; default: what it is set to" },
  { key: "replicas", value: "number", description: "nodes that hold each part; default: what Qdrant is set to" },
  ...commonFlags,
];

const examples = `
Examples:
  $ polymind index push --model model/ --to postgres://me:secret@db.example:5432/shop
  $ polymind recommend --model model/ --index postgres://me:secret@db.example:5432/shop --user 42

  $ QDRANT_API_KEY=... polymind index push --model model/ --to https://qdrant.example:6333/shop

PostgreSQL needs the packages pg and pg-copy-streams. All is loaded in one transaction: searches see the old vectors until the new ones are there. A
table of that name that you have made, with the columns version, item, id and embedding, is used as it is: partitioned, distributed
by Citus, or foreign.

Qdrant needs the package @qdrant/js-client-rest. Each push fills a collection of its own and then moves the name, an alias, to it. qdrant://
is http://; for TLS write https://.`;

/** `polymind index push` */
export function pushCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("push").description("Load a model's item vectors into PostgreSQL or Qdrant.");
  return addFlags(command, flags)
    .addHelpText("after", examples)
    .action(async (given) => {
      const options: PushCommandOptions = await readOptions(schema, given);
      await push(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
}

async function push({ to, ...options }: PushCommandOptions, console: Console): Promise<void> {
  const folder = options.model ?? fail("no model to push: name its folder with --model DIR");
  const url =
    to ??
    fail(
      "no database to push to: name it with --to postgres://user:password@host:port/database or qdrant://host:6333/collection",
    );
  const { send, place } = destinationOf(url, options, console);
  await ensureFile(options.json);
  const model = requireTrained(await loadModel(folder), "vectors to push");
  const engine = await startEngine(options.adapter, console);
  try {
    const vectors = await readVectors(await itemTable(engine, model, restored(engine, model.parameters)));
    const started = performance.now();
    const { version } = await send(vectors, model.log.itemIds, showCounts(console, "items"));
    const seconds = (performance.now() - started) / 1000;
    const { itemCount, dimension } = vectors;
    console.print(
      `${itemCount.toLocaleString("en-US")} items of ${dimension} numbers are in ${place.table ? `${place.table} of ` : ""}${place.to}, version ${version.slice(0, 12)}, after ${seconds.toFixed(1)} s`,
    );
    await writeJsonFile(options.json, { model: folder, ...place, version, itemCount, dimension, seconds });
  } finally {
    engine.dispose();
  }
}

interface Destination {
  /** As it may be shown. */
  readonly place: { readonly to: string; readonly table?: string };
  send(
    items: ItemVectors,
    itemIds: readonly string[],
    onProgress: (done: number, total: number) => void,
  ): Promise<{ readonly version: string }>;
}

function destinationOf(url: string, options: PushCommandOptions, console: Console): Destination {
  const { table, load, shards, replicas } = options;
  const refuse = (database: string, others: Record<string, unknown>) => {
    const given = Object.keys(others).find((key) => others[key] !== undefined);
    if (given) fail(`--${given} is not for ${database}; leave it out`);
  };
  if (isPostgresUrl(url)) {
    refuse("PostgreSQL", { shards, replicas });
    const target = { url, table: table ?? defaultTable };
    tablesOf(target);
    return {
      place: { to: shownUrl(url), table: target.table },
      send: (items, ids, onProgress) => pushToPostgres(target, items, ids, { ...(load && { load }), onProgress }),
    };
  }
  if (isQdrantUrl(url)) {
    refuse("Qdrant", { table, load });
    const { shown, host, key = process.env["QDRANT_API_KEY"] } = parseQdrantUrl(url);
    if (key !== undefined && !host.https && !isLoopback(host.host))
      console.note("the key goes to Qdrant unencrypted; write https:// for TLS");
    return {
      place: { to: shown },
      send: (items, ids, onProgress) => pushToQdrant({ url }, items, ids, { shards, replicas, onProgress }),
    };
  }
  return fail(
    `--to: expected an address that begins with postgres://, qdrant://, http:// or https://, got ${url.split("://")[0]}://...`,
  );
}
