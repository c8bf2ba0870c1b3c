import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { z } from "zod";
import { fail } from "../errors.ts";
import { isRecord, readJson } from "../storage/json.ts";

/** An option of a command: a flag, and a key of its configuration file. */
export interface Flag {
  /** In the configuration file; the flag is the same with dashes. */
  readonly key: string;
  /** Stands for the value in the help; none makes it a switch. */
  readonly value?: string;
  readonly description: string;
  /** Shown in the help. */
  readonly standard?: unknown;
  /** Heading in the help. */
  readonly group?: string;
  /** A list whose flag may be given several times, each with a part of it. */
  readonly isRepeatable?: boolean;
}

/** "--minimum-user-count" of "minimumUserCount". */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The options that every command has. */
export const commonSchema = {
  adapter: z.enum(["auto", "hardware", "software", "swiftshader", "cpu"]),
  json: z.string().min(1),
  quiet: z.boolean(),
  verbose: z.boolean(),
};

export const commonFlags: readonly Flag[] = [
  {
    key: "adapter",
    value: "name",
    description: "auto, hardware, software, swiftshader or cpu (no GPU kernels, slowest)",
    standard: "auto",
  },
  { key: "json", value: "file", description: "write the results to a file as JSON" },
  { key: "quiet", description: "print the results alone" },
  { key: "verbose", description: "print the stack of an error" },
].map((flag) => ({ ...flag, group: "Common options:" }));

/** Adds flags to a command, with `--config`. */
export function addFlags(command: Command, flags: readonly Flag[]): Command {
  for (const { key, value, description, standard, group, isRepeatable } of flags) {
    const shown = standard === undefined ? description : `${description} (default: ${showValue(standard)})`;
    const option = new Option(value === undefined ? flagOf(key) : `${flagOf(key)} <${value}>`, shown);
    if (isRepeatable)
      option.argParser((part: string, before?: string) => (before === undefined ? part : `${before},${part}`));
    command.addOption(group === undefined ? option : option.helpGroup(group));
  }
  const config = "read options from a JSON file, with names like minimumUserCount; flags win over it";
  return command.addOption(new Option("--config <file>", config).helpGroup("Common options:"));
}

/** Options as they were given: by flags, and where there is none by the file of `--config`. */
export async function readOptions<Shape extends z.ZodRawShape>(
  shape: Shape,
  flags: Readonly<Record<string, string | boolean>>,
): Promise<Partial<z.infer<z.ZodObject<Shape>>>> {
  const { config, ...rest } = flags;
  const fromFile = typeof config === "string" ? await readConfig(config, Object.keys(shape)) : {};
  const fromFlags = Object.fromEntries(
    Object.entries(rest).map(([key, text]) => [
      key,
      typeof text === "string" ? readText(text, shape[key] as z.ZodType) : text,
    ]),
  );
  const given = { ...fromFile, ...fromFlags };
  const { success, data, error } = z.object(shape).partial().safeParse(given);
  if (success) return data as Partial<z.infer<z.ZodObject<Shape>>>;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  const key = String(path[0]);
  const where = key in fromFlags ? flagOf(key) : `${config as string}: ${key}`;
  const got = typeof rest[key] === "string" ? rest[key] : showValue(given[key]);
  return fail(`${where}: ${lowerFirst(message.replace("Invalid input: ", ""))}, got ${got}`);
}

async function readConfig(file: string, known: readonly string[]): Promise<Record<string, unknown>> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) =>
    fail(cause.code === "ENOENT" ? `${file}: no such file` : `${file}: cannot be read (${cause.code})`, cause),
  );
  const value = readJson(bytes, file);
  if (!isRecord(value)) return fail(`${file}: expected a JSON object of options`);
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) fail(`${file}: ${JSON.stringify(key)} is no option; known are ${known.join(", ")}`);
  }
  return value;
}

/** The value of one option as a text gives it; `where` names it in the error. */
export function readValue(text: string, schema: z.ZodType, where: string): unknown {
  const { success, data, error } = schema.safeParse(readText(text, schema));
  if (success) return data;
  return fail(`${where}: ${lowerFirst(error.issues[0]!.message.replace("Invalid input: ", ""))}, got ${text}`);
}

/** The text of a flag as the value that its schema takes: itself, a number, or a list of these, with `none` for an empty one. */
function readText(text: string, schema: z.ZodType): unknown {
  const required = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (!(required instanceof z.ZodArray)) return schema.safeParse(text).success ? text : toNumber(text);
  const parts = text === "none" ? [] : text.split(",").map((part) => part.trim());
  return schema.safeParse(parts).success ? parts : parts.map(toNumber);
}

function toNumber(text: string): number | string {
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

/** The entries that are given of those that a shape names. */
export function within<Given extends object, Shape extends object>(
  given: Given,
  shape: Shape,
): Pick<Given, keyof Given & keyof Shape> {
  const entries = Object.entries(given).filter(([key, value]) => key in shape && value !== undefined);
  return Object.fromEntries(entries) as Pick<Given, keyof Given & keyof Shape>;
}

/** A value as it is written on the command line. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(",");
  return typeof value === "string" ? value : JSON.stringify(value);
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
