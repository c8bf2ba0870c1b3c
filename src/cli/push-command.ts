import { Command } from "commander";
import { z } from "zod";
import { fail } from "../errors.ts";
import { itemTable, readVectors } from "../retrieval/item-table.ts";
import { pushToPostgres } from "../retrieval/pgvector-push.ts";
import { defaultTable, isPostgresUrl, shownUrl, tablesOf } from "../retrieval/postgres.ts";
import { requireTrained } from "../retrieval/trained-model.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { loadModel } from "../training/model-folder.ts";
import { restored } from "../training/parameter-arrays.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { startEngine } from "./judging.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions } from "./options.ts";
import { showCounts } from "./progress.ts";

const schema = {
  ...commonSchema,
  model: z.string().min(1),
  to: z.string().min(1),
  table: z.string().min(1),
  load: z.enum(["copy", "insert"]),
};

type PushCommandOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const flags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  { key: "to", value: "address", description: "postgres://user:password@host:port/database, with pgvector" },
  {
    key: "table",
    value: "name",
    description: "table of the vectors, made where it is missing",
    standard: defaultTable,
  },
  {
    key: "load",
    value: "how",
    description: "copy, or insert: slower, for servers and poolers that do not speak COPY",
    standard: "copy",
  },
  ...commonFlags,
];

const examples = `
Examples:
  $ polymind index push --model model/ --to postgres://me:secret@db.example:5432/shop
  $ polymind recommend --model model/ --index postgres://me:secret@db.example:5432/shop --user 42

Needs the packages pg and pg-copy-streams. All is loaded in one transaction: searches see the old vectors until the new ones are there. A
table of that name that you have made, with the columns version, item, id and embedding, is used as it is: partitioned, distributed
by Citus, or foreign.`;

/** `polymind index push` */
export function pushCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("push").description("Load a model's item vectors into PostgreSQL with pgvector.");
  return addFlags(command, flags)
    .addHelpText("after", examples)
    .action(async (given) => {
      const options: PushCommandOptions = await readOptions(schema, given);
      await push(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
}

async function push(
  { to, table = defaultTable, load, ...options }: PushCommandOptions,
  console: Console,
): Promise<void> {
  const folder = options.model ?? fail("no model to push: name its folder with --model DIR");
  const url = to ?? fail("no database to push to: name it with --to postgres://user:password@host:port/database");
  if (!isPostgresUrl(url))
    fail(`--to: expected an address that begins with postgres://, got ${url.split("://")[0]}://...`);
  const target = { url, table };
  tablesOf(target);
  const address = shownUrl(url);
  await ensureFile(options.json);
  const model = requireTrained(await loadModel(folder), "vectors to push");
  const engine = await startEngine(options.adapter, console);
  try {
    const vectors = await readVectors(await itemTable(engine, model, restored(engine, model.parameters)));
    const started = performance.now();
    const { version } = await pushToPostgres(target, vectors, model.log.itemIds, {
      ...(load && { load }),
      onProgress: showCounts(console, "items"),
    });
    const seconds = (performance.now() - started) / 1000;
    const { itemCount, dimension } = vectors;
    console.print(
      `${itemCount.toLocaleString("en-US")} items of ${dimension} numbers are in ${table} of ${address}, version ${version.slice(0, 12)}, after ${seconds.toFixed(1)} s`,
    );
    await writeJsonFile(options.json, { model: folder, to: address, table, version, itemCount, dimension, seconds });
  } finally {
    engine.dispose();
  }
}
