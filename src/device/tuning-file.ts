// Node only. The file that remembers what tuning chose, for all adapters of a machine.
import { dirname, join } from "node:path";
import { z } from "zod";
import { fail, PolymindError } from "../errors.ts";
import type { TunedChoice } from "../graph/tuning.ts";
import { cacheFolder } from "../storage/cache-folder.ts";
import { explainFailure, nodeDisk } from "../storage/disk.ts";
import { readJson } from "../storage/json.ts";
import { writeJsonFile } from "../storage/json-file.ts";

const text = z.string().min(1);

export const tunedChoicesSchema = z.array(
  z.strictObject({ adapter: text, signature: text, kernels: text, family: text }) satisfies z.ZodType<TunedChoice>,
);

const format = "polymind-tuning";
const version = 1;
const fileSchema = z.strictObject({
  format: z.literal(format),
  version: z.literal(version),
  choices: tunedChoicesSchema,
});

/** Where choices are kept by default: `polymind/tuning.json` in the user's cache. */
export function tuningFile(): string {
  const folder =
    cacheFolder() ?? fail("there is no folder for caches: set XDG_CACHE_HOME, or name a file for the tuning");
  return join(folder, "tuning.json");
}

/** The choices that a file holds, those of other adapters too. */
export async function loadTuning(file: string = tuningFile()): Promise<readonly TunedChoice[]> {
  return (await readChoices(file)) ?? fail(`${file}: no such file; make it with npx polymind tune`);
}

/**
 * Adds choices to a file; they replace older ones for the same op and shapes on the same adapter. A reader finds the file as it
 * was or as it is, whole; of two processes that save within the same instant, one may find its choices missing and tune again.
 * @throws PolymindError, and leaves the file alone, where it holds anything else
 */
export async function saveTuning(choices: readonly TunedChoice[], file: string = tuningFile()): Promise<void> {
  const known = (await readChoices(file)) ?? [];
  const byPlace = new Map([...known, ...choices].map((choice) => [`${choice.adapter}\n${choice.signature}`, choice]));
  await nodeDisk.makeFolder(dirname(file)).catch((error) => explainFailure(error, `cannot write ${file}`));
  await writeJsonFile(file, { format, version, choices: [...byPlace.values()] });
}

/** Undefined where there is no file. */
async function readChoices(file: string): Promise<readonly TunedChoice[] | undefined> {
  const bytes = await nodeDisk.read(file).catch((error) => explainFailure(error, `cannot read ${file}`));
  if (bytes === undefined) return undefined;
  try {
    const { success, data, error } = fileSchema.safeParse(readJson(bytes, file));
    if (success) return data.choices;
    const [{ path, message }] = error.issues as [z.core.$ZodIssue];
    return fail(`${file}: not what tuning writes: ${[...path, message].join(": ")}`);
  } catch (error) {
    if (!(error instanceof PolymindError)) throw error;
    return fail(`${error.message}; name another file, or remove this one and tune again`, error);
  }
}
