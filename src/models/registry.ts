import { fail } from "../errors.ts";
import { type MindOptions, mind, mindDefaults } from "./mind.ts";
import type { Encode, SharedOptions } from "./model.ts";
import { singleVector, singleVectorDefaults } from "./single-vector.ts";

/** A model by name, with all its options: what a model folder says of it. */
export type ModelSpec =
  | { readonly name: "mind"; readonly options: MindOptions }
  | { readonly name: "single-vector"; readonly options: SharedOptions };

export type ModelName = ModelSpec["name"];

export const modelNames: readonly ModelName[] = ["mind", "single-vector"];

/** A model's spec from a name and the options that differ from its defaults. */
export function modelSpec(name: string, options: Partial<MindOptions> = {}): ModelSpec {
  switch (name) {
    case "mind":
      return { name, options: { ...mindDefaults, ...options } };
    case "single-vector": {
      const known = Object.entries(options).filter(([key]) => key in singleVectorDefaults);
      return { name, options: { ...singleVectorDefaults, ...Object.fromEntries(known) } };
    }
    default:
      return fail(`model: expected one of ${modelNames.join(", ")}; got ${name}`);
  }
}

export function encoderOf(spec: ModelSpec): Encode {
  return spec.name === "mind" ? mind(spec.options) : singleVector(spec.options);
}

/** Most interests that the model gives a user. */
export function interestsOf(spec: ModelSpec): number {
  return spec.name === "mind" ? spec.options.interests : 1;
}
