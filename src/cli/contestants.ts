import { fail } from "../errors.ts";
import { fittedNames, type ModelName, modelDefaults, modelNames } from "../models/registry.ts";
import { modelSchema, trainingSchema } from "./model-options.ts";
import { flagOf, readValue, showValue } from "./options.ts";
import type { TrainOptions } from "./train-options.ts";

/** A model that takes part in a comparison, with the options it is trained with. */
export interface Contestant {
  readonly label: string;
  readonly name: ModelName;
  readonly options: TrainOptions;
}

const schemas = { ...modelSchema, ...trainingSchema };

/** What training means for models that are fitted. */
const fittedTraining: readonly string[] = ["epochs", "patience", "validationUsers", "includeSeen", "seed"];

/** Whether a model has an option, by its name on the command line. */
export function hasOption(name: ModelName, key: string): boolean {
  if (key in trainingSchema) return !fittedNames.includes(name) || fittedTraining.includes(key);
  if (key === "preset") return name === "mind";
  return (key === "routingGradient" ? "gradient" : key) in modelDefaults[name];
}

/** How an option of a model is read; refuses what the model does not have, and `others` that are not asked for here. */
export function schemaOf(key: string, name: ModelName, where: string, others: readonly string[] = []) {
  const isAsked = (option: string) => option !== "modelName" && !others.includes(option) && hasOption(name, option);
  if (key in schemas && isAsked(key)) return schemas[key as keyof typeof schemas];
  return fail(`${where}: ${name} has no such option; it has ${Object.keys(schemas).filter(isAsked).join(", ")}`);
}

/**
 * The contestants of `--models` and `--set`: every option goes to all models that have it, one of `--set` to the named one alone.
 * @param entries names of models, or `label=name` for one that takes part with options of its own
 * @param settings `label.option=value`; a part without a name goes on with the list before it
 */
export function contestants(
  entries: readonly string[],
  shared: TrainOptions,
  settings: readonly string[] = [],
): Contestant[] {
  const named = entries.map(readEntry);
  const labels = named.map(({ label }) => label);
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined)
    fail(`--models: ${twice} is there twice; give one a label of its own, like ${twice}-2=${twice}`);
  for (const [key, value] of Object.entries(shared)) {
    if (key in modelSchema && !named.some(({ name }) => hasOption(name, key)))
      fail(`${flagOf(key)} ${showValue(value)}: none of ${labels.join(", ")} has such an option; leave it out`);
  }
  const overrides = readSettings(settings, named);
  return named.map(({ label, name }) => {
    // Only what is trained can begin with embeddings of others.
    const isKnown = (key: string) =>
      key === "itemEmbeddings" ? !fittedNames.includes(name) : !(key in modelSchema) || hasOption(name, key);
    const known = Object.entries(shared).filter(([key]) => isKnown(key));
    return { label, name, options: { ...Object.fromEntries(known), ...overrides.get(label), modelName: name } };
  });
}

function readEntry(entry: string): Pick<Contestant, "label" | "name"> {
  const [label = "", name = label, ...rest] = entry.split("=");
  if (!modelNames.includes(name as ModelName) || rest.length > 0)
    fail(`--models ${entry}: expected one of ${modelNames.join(", ")}, or a label and one of them, like mine=mind`);
  if (!/^[\w-]+$/.test(label)) fail(`--models ${entry}: a label is made of letters, digits, - and _, got "${label}"`);
  return { label, name: name as ModelName };
}

function readSettings(
  settings: readonly string[],
  named: readonly Pick<Contestant, "label" | "name">[],
): ReadonlyMap<string, TrainOptions> {
  const texts: { label: string; key: string; text: string }[] = [];
  for (const setting of settings) {
    const [, label, option, text] = /^([\w-]+)\.([\w-]+)=(.*)$/.exec(setting) ?? [];
    const last = texts.at(-1);
    if (label !== undefined && option !== undefined && text !== undefined)
      texts.push({ label, key: keyOf(option), text });
    else if (last !== undefined) last.text += `,${setting}`;
    else fail(`--set ${setting}: expected a model, an option and a value, like mind.interests=6`);
  }
  const overrides = new Map<string, Record<string, unknown>>();
  for (const { label, key, text } of texts) {
    const { name } =
      named.find((contestant) => contestant.label === label) ??
      fail(`--set ${label}.${key}: ${label} is none of the models ${named.map((other) => other.label).join(", ")}`);
    const where = `--set ${label}.${key}`;
    const value = readValue(text, schemaOf(key, name, where, ["seed"]), where);
    overrides.set(label, { ...overrides.get(label), [key]: value });
  }
  return overrides;
}

/** "hiddenLayers" of "hidden-layers". */
export const keyOf = (option: string): string =>
  option.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
