import { fail } from "../errors.ts";
import { type ComirecSaOptions, comirecSa, comirecSaDefaults } from "./comirec-sa.ts";
import { type Gru4recOptions, gru4rec, gru4recDefaults } from "./gru4rec.ts";
import { type MindOptions, mind, mindDefaults } from "./mind.ts";
import type { Encode, SharedOptions } from "./model.ts";
import { youtubeDnn, youtubeDnnDefaults } from "./youtube-dnn.ts";

/** A model by name, with all its options: what a model folder says of it. */
export type ModelSpec =
  | { readonly name: "mind"; readonly options: MindOptions }
  | { readonly name: "youtube-dnn"; readonly options: SharedOptions }
  | { readonly name: "comirec-sa"; readonly options: ComirecSaOptions }
  | { readonly name: "gru4rec"; readonly options: Gru4recOptions };

export type ModelName = ModelSpec["name"];

/** Options of any model; each takes those it has. */
export type ModelOptions = Partial<MindOptions & ComirecSaOptions & Gru4recOptions>;

/** Every model's options, with their defaults. */
export const modelDefaults: { readonly [Name in ModelName]: Extract<ModelSpec, { name: Name }>["options"] } = {
  mind: mindDefaults,
  "youtube-dnn": youtubeDnnDefaults,
  "comirec-sa": comirecSaDefaults,
  gru4rec: gru4recDefaults,
};

export const modelNames = Object.keys(modelDefaults) as readonly ModelName[];

/** A model's spec from a name and the options that differ from its defaults; options that it does not have are left out. */
export function modelSpec(name: string, options: ModelOptions = {}): ModelSpec {
  if (!Object.hasOwn(modelDefaults, name)) fail(`model: expected one of ${modelNames.join(", ")}; got ${name}`);
  const defaults = modelDefaults[name as ModelName];
  const known = Object.entries(options).filter(([key]) => key in defaults);
  return { name, options: { ...defaults, ...Object.fromEntries(known) } } as ModelSpec;
}

export function encoderOf(spec: ModelSpec): Encode {
  switch (spec.name) {
    case "mind":
      return mind(spec.options);
    case "youtube-dnn":
      return youtubeDnn(spec.options);
    case "comirec-sa":
      return comirecSa(spec.options);
    case "gru4rec":
      return gru4rec(spec.options);
  }
}

/** Most interests that the model gives a user. */
export function interestsOf({ options }: ModelSpec): number {
  return "interests" in options ? options.interests : 1;
}
