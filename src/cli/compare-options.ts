import { z } from "zod";
import { standardCutoffs } from "./judging.ts";
import type { Flag } from "./options.ts";
import { trainFlags, trainSchema } from "./train-options.ts";

const {
  modelName: _name,
  out,
  resume: _resume,
  overwrite: _overwrite,
  tuned: _tuned,
  cache: _cache,
  ...trained
} = trainSchema;

export const compareSchema = {
  ...trained,
  models: z.array(z.string().min(1)).min(1),
  set: z.array(z.string().min(1)).min(1),
  seeds: z.number().int().min(1).max(1000),
  at: z.array(z.number().int().min(1)).min(1),
  report: z.string().min(1),
  out,
  catalogue: z.string().min(1),
  category: z.string().min(1),
  title: z.string().min(1),
};

/** The options of `polymind compare` as they were given. */
export type CompareOptions = Partial<z.infer<z.ZodObject<typeof compareSchema>>>;

const ownFlags: readonly Flag[] = [
  { key: "interactions", value: "file", description: "the log: one interaction in a row; may be packed (.gz)" },
  {
    key: "models",
    value: "names",
    description:
      "models, separated by commas; a model takes part several times under labels, like mind,single=mind; each option goes to all models that have it",
  },
  {
    key: "set",
    value: "options",
    description: "options of one model alone, like mind.interests=6,gru4rec.rate=5e-3,mind.hidden-layers=256,128",
    isRepeatable: true,
  },
  {
    key: "seeds",
    value: "number",
    description: "runs of each model, with seeds from --seed on; models without chance run once",
    standard: 1,
  },
  { key: "at", value: "numbers", description: "cutoffs N of the metrics", standard: standardCutoffs },
  { key: "report", value: "file", description: "write the report, a page for the browser that needs no network" },
  {
    key: "out",
    value: "folder",
    description: "keep the models here; what is there is not trained again, and what was interrupted goes on",
  },
];

const catalogueFlags: readonly Flag[] = [
  {
    key: "catalogue",
    value: "file",
    description: "categories and titles of items, for the results alone; default: the file of --item-features",
  },
  { key: "category", value: "column", description: "its column that diversity counts; default: the first category" },
  { key: "title", value: "column", description: "its column of names for the items" },
].map((flag) => ({ ...flag, group: "Catalogue:" }));

const ownKeys = new Set([...ownFlags, ...catalogueFlags].map(({ key }) => key));

export const compareFlags: readonly Flag[] = [
  ...ownFlags,
  ...catalogueFlags,
  ...trainFlags.filter(({ key }) => key in compareSchema && !ownKeys.has(key)),
];
