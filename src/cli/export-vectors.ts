import { Command } from "commander";
import { z } from "zod";
import { fail } from "../errors.ts";
import { exportItemVectors } from "../export/item-vectors.ts";
import { vectorFormatOf, vectorFormats } from "../export/vector-file.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { loadModel } from "../training/model-folder.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { adapterFor, startEngine } from "./judging.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions } from "./options.ts";
import { showCounts } from "./progress.ts";

const schema = {
  ...commonSchema,
  model: z.string().min(1),
  out: z.string().min(1),
  format: z.enum(vectorFormats),
};

type VectorsOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const flags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  { key: "out", value: "file", description: "file to write: items.npy, items.parquet or items.jsonl" },
  { key: "format", value: "name", description: `${vectorFormats.join(", ")}; default: told by the ending of the file` },
  ...commonFlags,
];

const examples = `
Examples:
  $ polymind export vectors --model model/ --out items.parquet

The vectors are those that interests score, with features and towers worked in, the most popular item first. Beside items.npy,
items.ids.txt has the ids, one a line. Parquet needs the package hyparquet-writer (npm install hyparquet-writer).`;

/** `polymind export vectors` */
export function exportVectorsCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("vectors").description("Write the vectors of a model's items.");
  return addFlags(command, flags)
    .addHelpText("after", examples)
    .action(async (given) => {
      const options: VectorsOptions = await readOptions(schema, given);
      await exportVectors(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
}

async function exportVectors({ model: folder, out, format, adapter, json }: VectorsOptions, console: Console) {
  if (folder === undefined) fail("no model to export: name its folder with --model DIR");
  if (out === undefined) fail("no file to export to: name it with --out FILE");
  vectorFormatOf(out, format);
  await ensureFile(json);
  await ensureFile(out);
  const model = await loadModel(folder);
  const engine = await startEngine(adapterFor(model.spec, adapter), console);
  try {
    const onProgress = showCounts(console, "items");
    const { rows, dimension } = await exportItemVectors(engine, model, out, { format, onProgress });
    console.print(`${out}: ${rows} items of ${dimension} numbers`);
    await writeJsonFile(json, { folder, out, items: rows, dimension });
  } finally {
    engine.dispose();
  }
}
