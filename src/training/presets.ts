import type { MindOptions } from "../models/mind.ts";
import { interestsOf, isFitted, type ModelSpec } from "../models/registry.ts";
import { type TrainingOptions, trainingDefaults, trainingDefaultsOf } from "./options.ts";

export const presetNames = ["recommended", "paper"] as const;

/** What the options of MIND begin with: the choices that were measured best, or the paper's wherever it makes one. */
export type Preset = (typeof presetNames)[number];

/** How the options of MIND differ from its defaults in each preset. */
export const mindPresets: Readonly<Record<Preset, Partial<MindOptions>>> = {
  recommended: {},
  paper: { recentBehaviours: 0 },
};

/** How a model is trained unless told otherwise; a single interest is not kept apart from others. */
export function trainingOf(spec: ModelSpec, preset: Preset = "recommended"): TrainingOptions {
  const training: TrainingOptions =
    preset === "paper"
      ? { ...trainingDefaults, scoring: "chosen", pretraining: "none" }
      : trainingDefaultsOf(spec.name);
  const several = !isFitted(spec) && interestsOf(spec) > 1;
  return several ? training : { ...training, interestDecorrelation: 0 };
}
