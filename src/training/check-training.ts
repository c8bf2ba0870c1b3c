import { isFitted, type ModelSpec } from "../models/registry.ts";
import { buildObjective } from "./objective.ts";
import type { TrainingOptions } from "./options.ts";

/** One user with two interactions with the one item there is, which the second lists as a negative. */
const negatives = { offsets: Uint32Array.of(0, 0, 1), items: Uint32Array.of(1) };
const train = { userCount: 1, itemCount: 1, offsets: Uint32Array.of(0, 2), items: Uint32Array.of(1, 1), negatives };

/** Fails, before a log is read, on options of which no training step can be made: it builds one for the smallest log. */
export function checkTraining(spec: ModelSpec, options: TrainingOptions): void {
  if (!isFitted(spec))
    buildObjective(spec, { itemCount: 1, itemCounts: Uint32Array.of(0, 2), split: { train } }, options);
}
