import { Command } from "commander";
import { z } from "zod";
import { fail } from "../errors.ts";
import { exportOnnx, towers } from "../export/onnx/export-onnx.ts";
import type { Port } from "../export/onnx/file.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { loadModel } from "../training/model-folder.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions } from "./options.ts";

const { adapter: _, ...withoutAdapter } = commonSchema;
const schema = {
  ...withoutAdapter,
  model: z.string().min(1),
  out: z.string().min(1),
  tower: z.enum(towers),
  top: z.number().int().min(1),
  externalData: z.boolean(),
};

type OnnxOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const flags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  { key: "tower", value: "name", description: "user, item or full: from histories to items", standard: "user" },
  { key: "out", value: "file", description: "file to write, such as user.onnx" },
  { key: "top", value: "number", description: "items that the full model finds", standard: 100 },
  { key: "externalData", description: "put tables in a file beside it, x.onnx.data; above 1 GiB they always are" },
  ...commonFlags.filter(({ key }) => key !== "adapter"),
];

const examples = `
Examples:
  $ polymind export onnx --model model/ --tower user --out user.onnx

Opset 17, any number of users or items at a time. Ids are those of items.json in the model's folder: its first entry is padding.`;

/** `polymind export onnx` */
export function exportOnnxCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("onnx").description("Write a model for other runtimes, as ONNX.");
  return addFlags(command, flags)
    .addHelpText("after", examples)
    .action(async (given) => {
      const options: OnnxOptions = await readOptions(schema, given);
      await writeModel(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
}

async function writeModel(options: OnnxOptions, console: Console): Promise<void> {
  const { tower = "user", top, externalData, json } = options;
  const folder = options.model ?? fail("no model to export: name its folder with --model DIR");
  const out = options.out ?? fail("no file to export to: name it with --out FILE");
  if (top !== undefined && tower !== "full")
    fail(`--top: only the full tower finds items, not ${tower}; leave it out, or give --tower full`);
  await ensureFile(json);
  await ensureFile(out);
  const written = await exportOnnx(await loadModel(folder), out, { tower, top, externalData });
  for (const file of written.files) console.print(file);
  for (const port of written.inputs) console.note(`input ${describePort(port)}`);
  for (const port of written.outputs) console.note(`output ${describePort(port)}`);
  await writeJsonFile(json, { folder, tower, ...written });
}

const describePort = ({ name, type, shape }: Port) =>
  `${name}: ${type === "f32" ? "float32" : "int64"} [${shape.join(", ")}]`;
