import { z } from "zod";
import type { Flag } from "./options.ts";
import { trainFlags, trainSchema } from "./train-options.ts";

const { out: _out, resume: _resume, overwrite: _overwrite, tuned: _tuned, cache: _cache, ...trained } = trainSchema;

export const tuneModelSchema = {
  ...trained,
  try: z.array(z.string().min(1)).min(1),
  search: z.enum(["grid", "random"]),
  minutes: z.number().gt(0),
  trials: z.number().int().min(1),
};

/** The options of `polymind tune-model` as they were given. */
export type TuneModelOptions = Partial<z.infer<z.ZodObject<typeof tuneModelSchema>>>;

export const tuneModelDefaults = { search: "random", minutes: 30 } as const;

const ownFlags: readonly Flag[] = [
  { key: "interactions", value: "file", description: "the log: one interaction in a row; may be packed (.gz)" },
  {
    key: "try",
    value: "values",
    description:
      "an option of model or training and the values to try, like rate=1e-3,3e-3; may be given several times; the widths of a list stand between +; default: interests, dimension, rate, negative-alpha and logit-deviation",
    isRepeatable: true,
  },
  {
    key: "search",
    value: "way",
    description: "grid: all combinations in order; random: in random order, the same for the same --seed",
    standard: tuneModelDefaults.search,
  },
  { key: "minutes", value: "number", description: "time for all trials", standard: tuneModelDefaults.minutes },
  { key: "trials", value: "number", description: "trials at most, those of before included" },
  {
    key: "json",
    value: "file",
    description: "keep the trials here after each; those of the same search that are there already are not done again",
  },
];

const ownKeys = new Set(ownFlags.map(({ key }) => key));

export const tuneModelFlags: readonly Flag[] = [
  ...ownFlags,
  ...trainFlags.filter(({ key }) => key in tuneModelSchema && !ownKeys.has(key)),
];
