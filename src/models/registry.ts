import { fail } from "../errors.ts";
import { type ComirecDrOptions, comirecDr, comirecDrDefaults } from "./comirec-dr.ts";
import { type ComirecSaOptions, comirecSa, comirecSaDefaults } from "./comirec-sa.ts";
import { type DssmOptions, dssm, dssmDefaults } from "./dssm.ts";
import type { FittedModel } from "./fitted.ts";
import { type Gru4recOptions, gru4rec, gru4recDefaults } from "./gru4rec.ts";
import { type ItemCfOptions, itemCf, itemCfDefaults } from "./item-cf.ts";
import { type MaxmfOptions, maxmf, maxmfDefaults } from "./maxmf.ts";
import { type MindOptions, mind, mindDefaults, mindShortVideoDefaults } from "./mind.ts";
import type { Encode, SharedOptions } from "./model.ts";
import { mostPopular } from "./most-popular.ts";
import { type WalsOptions, wals, walsDefaults } from "./wals.ts";
import { youtubeDnn, youtubeDnnDefaults } from "./youtube-dnn.ts";

/** A model that is trained by gradients, by name and with all its options. */
export type TrainedSpec =
  | { readonly name: "mind"; readonly options: MindOptions }
  | { readonly name: "mind-short-video"; readonly options: MindOptions }
  | { readonly name: "youtube-dnn"; readonly options: SharedOptions }
  | { readonly name: "comirec-dr"; readonly options: ComirecDrOptions }
  | { readonly name: "comirec-sa"; readonly options: ComirecSaOptions }
  | { readonly name: "remi"; readonly options: ComirecSaOptions }
  | { readonly name: "maxmf"; readonly options: MaxmfOptions }
  | { readonly name: "dssm"; readonly options: DssmOptions }
  | { readonly name: "gru4rec"; readonly options: Gru4recOptions };

/** A model that is fitted by counting or in closed form. */
export type FittedSpec =
  | { readonly name: "item-cf"; readonly options: ItemCfOptions }
  | { readonly name: "wals"; readonly options: WalsOptions }
  | { readonly name: "most-popular"; readonly options: Readonly<Record<string, never>> };

/** A model by name, with all its options: what a model folder says of it. */
export type ModelSpec = TrainedSpec | FittedSpec;

export type ModelName = ModelSpec["name"];

type SpecOf<Name extends ModelName> = Extract<ModelSpec, { readonly name: Name }>;

/** Options of any model; each takes those it has. */
export type ModelOptions = Partial<
  MindOptions &
    ComirecDrOptions &
    ComirecSaOptions &
    DssmOptions &
    Gru4recOptions &
    MaxmfOptions &
    ItemCfOptions &
    WalsOptions
>;

/** Every model's options, with their defaults. */
export const modelDefaults: { readonly [Name in ModelName]: SpecOf<Name>["options"] } = {
  mind: mindDefaults,
  "mind-short-video": mindShortVideoDefaults,
  "youtube-dnn": youtubeDnnDefaults,
  "comirec-dr": comirecDrDefaults,
  "comirec-sa": comirecSaDefaults,
  remi: comirecSaDefaults,
  maxmf: maxmfDefaults,
  dssm: dssmDefaults,
  gru4rec: gru4recDefaults,
  "item-cf": itemCfDefaults,
  wals: walsDefaults,
  "most-popular": {},
};

export const modelNames = Object.keys(modelDefaults) as readonly ModelName[];

/** A model's spec from a name and the options that differ from its defaults; options that it does not have are left out. */
export function modelSpec<Name extends ModelName>(name: Name, options: ModelOptions = {}): SpecOf<Name> {
  if (!Object.hasOwn(modelDefaults, name)) fail(`model: expected one of ${modelNames.join(", ")}; got ${name}`);
  const defaults = modelDefaults[name];
  const known = Object.entries(options).filter(([key]) => key in defaults);
  return { name, options: { ...defaults, ...Object.fromEntries(known) } } as unknown as SpecOf<Name>;
}

export const fittedNames: readonly ModelName[] = ["item-cf", "wals", "most-popular"] satisfies FittedSpec["name"][];

export const isFitted = (spec: ModelSpec): spec is FittedSpec => fittedNames.includes(spec.name);

export function fittedModel(spec: FittedSpec): FittedModel {
  switch (spec.name) {
    case "item-cf":
      return itemCf(spec.options);
    case "wals":
      return wals(spec.options);
    case "most-popular":
      return mostPopular();
  }
}

export function encoderOf(spec: TrainedSpec): Encode {
  switch (spec.name) {
    case "mind":
    case "mind-short-video":
      return mind(spec.options);
    case "youtube-dnn":
      return youtubeDnn(spec.options);
    case "comirec-dr":
      return comirecDr(spec.options);
    // The method is a way of training the other: see the training options of its own.
    case "remi":
    case "comirec-sa":
      return comirecSa(spec.options);
    case "maxmf":
      return maxmf(spec.options);
    case "dssm":
      return dssm(spec.options);
    case "gru4rec":
      return gru4rec(spec.options);
  }
}

/** Whether the model is given the times of behaviours. */
export function seesTimes({ options }: TrainedSpec): boolean {
  return "times" in options && options.times === "learned";
}

/** Most interests that the model gives a user. */
export function interestsOf({ options }: TrainedSpec): number {
  return "interests" in options ? options.interests : 1;
}
