import { Command } from "commander";
import { z } from "zod";
import { fail } from "../errors.ts";
import { exportInterests, type Users } from "../export/interests.ts";
import { vectorFormatOf, vectorFormats } from "../export/vector-file.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { loadModel, type StoredModel } from "../training/model-folder.ts";
import { columnFlags, readLog } from "./data-options.ts";
import { otherLogSchema } from "./evaluate-options.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { adapterFor, startEngine } from "./judging.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions, within } from "./options.ts";
import { adoptLog } from "./other-log.ts";
import { showCounts } from "./progress.ts";
import { catchInterrupt } from "./train-and-save.ts";

const { format: logFormat, ...logSchema } = otherLogSchema;
const schema = {
  ...logSchema,
  logFormat,
  ...commonSchema,
  model: z.string().min(1),
  out: z.string().min(1),
  format: z.enum(vectorFormats),
  shard: z.string().regex(/^\d+\/\d+$/, "expected i/n, such as 1/4"),
  partUsers: z.number().int().min(1),
};

type InterestsOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const flags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  { key: "out", value: "file", description: "file to write: interests.parquet, interests.jsonl or interests.npy" },
  { key: "format", value: "name", description: `${vectorFormats.join(", ")}; default: told by the ending of the file` },
  { key: "interactions", value: "file", description: "the users' log; default: the one that the model was trained on" },
  { key: "shard", value: "i/n", description: "do part i of n of the users, from 1; other processes do the others" },
  { key: "partUsers", value: "number", description: "users in a file at most", standard: 100_000 },
  ...columnFlags.map((flag) => (flag.key === "format" ? { ...flag, key: "logFormat" } : flag)),
  ...commonFlags,
];

const examples = `
Examples:
  $ polymind interests --model model/ --out interests.parquet
  $ polymind interests --model model/ --interactions log.csv.gz --shard 2/4 --out interests.parquet

A row is a user: the id, how many interests there are and their vectors; interests.npy is [users, K, d], zero where a user has fewer, with
the ids in interests.ids.txt and the numbers in interests.counts.npy. With --shard, and above --part-users, there are several files,
interests-00001-of-00012.parquet and so on, each written whole or not at all: the same command goes on behind those that are finished.`;

/** `polymind interests` */
export function interestsCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("interests").description("Write the interests of many users.");
  return addFlags(command, flags)
    .addHelpText("after", examples)
    .action(async (given) => {
      const options: InterestsOptions = await readOptions(schema, given);
      finish(await writeInterests(options, createConsole(io, options.quiet ?? false)));
    });
}

async function writeInterests(options: InterestsOptions, console: Console): Promise<number> {
  const { format, partUsers, json } = options;
  const folder = options.model ?? fail("no model to make interests with: name its folder with --model DIR");
  const out = options.out ?? fail("no file to write to: name it with --out FILE");
  vectorFormatOf(out, format);
  const shard = readShard(options.shard);
  await ensureFile(json);
  await ensureFile(out);
  const model = await loadModel(folder);
  const users = await usersOf(model, options, console);
  const engine = await startEngine(adapterFor(model.spec, options.adapter), console);
  const { signal, release } = catchInterrupt(console, "stopping after the users at hand");
  try {
    const onProgress = showCounts(console, "users");
    const written = await exportInterests(engine, model, users, out, { format, shard, partUsers, signal, onProgress });
    const { files, earlier, finished } = written;
    console.print(`${written.users} users, up to ${written.interests} interests of ${written.dimension} numbers`);
    for (const file of files) console.print(file);
    if (earlier > 0) console.note(`${earlier} ${earlier === 1 ? "file was" : "files were"} there already`);
    if (!finished) console.note("stopped; the same command goes on behind the files that are finished");
    await writeJsonFile(json, { folder, ...written });
    return finished ? 0 : 130;
  } finally {
    release();
    engine.dispose();
  }
}

function readShard(text = "1/1") {
  const [index, of] = text.split("/").map(Number) as [number, number];
  if (index < 1 || index > of) fail(`--shard: expected i/n with i from 1 to n, got ${text}`);
  return { index, of };
}

async function usersOf(model: StoredModel, options: InterestsOptions, console: Console): Promise<Users> {
  const { log, userFeatures } = model;
  if (options.interactions === undefined) return { sequences: log, userIds: log.userIds, userFeatures };
  const given = within({ ...options, format: options.logFormat }, otherLogSchema);
  return adoptLog(await readLog({ ...model.data, ...given }, console), model, console);
}
