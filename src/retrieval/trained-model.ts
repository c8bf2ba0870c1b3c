import { fail } from "../errors.ts";
import { isFitted, type TrainedSpec } from "../models/registry.ts";
import type { StoredModel } from "../training/model-folder.ts";

/** A stored model that makes interests and item vectors. */
export type TrainedModel = Omit<StoredModel, "spec"> & { readonly spec: TrainedSpec };

export const isTrained = (model: StoredModel): model is StoredModel & TrainedModel => !isFitted(model.spec);

/** The model, if it is a trained one; fails, saying what the others do not make. */
export function requireTrained(model: StoredModel, what: string): StoredModel & TrainedModel {
  return isTrained(model) ? model : fail(`${model.spec.name} makes no ${what}; use a model that is trained`);
}
