import { Command } from "commander";
import { z } from "zod";
import { fail } from "../errors.ts";
import { buildIndex } from "../retrieval/build-index.ts";
import { ensureWritable } from "../storage/folder.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { loadModel } from "../training/model-folder.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { startEngine } from "./judging.ts";
import { createTable, showMetric } from "./metrics-table.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions } from "./options.ts";
import { showCounts } from "./progress.ts";
import { pushCommand } from "./push-command.ts";

const schema = {
  ...commonSchema,
  model: z.string().min(1),
  out: z.string().min(1),
  at: z.number().int().min(1).max(1000),
  targetRecall: z.number().gt(0).max(1),
  queries: z.number().int().min(1),
  threads: z.number().int().min(1).max(256),
};

type BuildOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const flags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  { key: "out", value: "folder", description: "folder of the index" },
  { key: "at", value: "N", description: "the recall is measured among the best N items", standard: 100 },
  {
    key: "targetRecall",
    value: "share",
    description: "of the exact best N that shall be found; the search goes deeper until it is",
    standard: 0.99,
  },
  { key: "queries", value: "number", description: "users of the log whose interests measure it", standard: 200 },
  {
    key: "threads",
    value: "number",
    description: "threads that build it; with one the graph is the same each time, with several it is built faster",
    standard: 1,
  },
  ...commonFlags,
];

const examples = `
Examples:
  $ polymind index build --model model/ --out index/
  $ polymind recommend --model model/ --index index/ --user 42

Needs the package usearch (npm install usearch). An index belongs to the item vectors that it was built from: after more
training, build it anew.`;

/** `polymind index build` */
export function indexCommand(io: Io, finish: (code: number) => void): Command {
  const build = new Command("build").description("Build an approximate index of a model's items, with its recall.");
  addFlags(build, flags)
    .addHelpText("after", examples)
    .action(async (given) => {
      const options: BuildOptions = await readOptions(schema, given);
      await runBuild(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
  return new Command("index")
    .description("Indexes of item vectors for large catalogues.")
    .addCommand(build)
    .addCommand(pushCommand(io, finish));
}

async function runBuild(options: BuildOptions, console: Console): Promise<void> {
  const folder = options.model ?? fail("no model to index: name its folder with --model DIR");
  const out = options.out ?? fail("no folder for the index: name it with --out DIR");
  await ensureFile(options.json);
  const model = await loadModel(folder);
  await ensureWritable(out);
  const engine = await startEngine(options.adapter, console);
  try {
    const started = performance.now();
    const description = await buildIndex(engine, model, out, {
      ...options,
      onProgress: showCounts(console, "items"),
    });
    const { itemCount, dimension, factor, recall } = description;
    const table = createTable(["items", "dimension", `recall@${recall.at}`, "depth", "seconds"]);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    table.push([itemCount, dimension, showMetric(recall.reached), `${factor} x N`, seconds]);
    console.print(table.toString());
    if (recall.reached < recall.target) {
      console.note(
        `the recall stays below the target of ${recall.target}, however deep it searches; the exact search has none to lose`,
      );
    }
    await writeJsonFile(options.json, { folder: out, model: folder, ...description });
  } finally {
    engine.dispose();
  }
}
