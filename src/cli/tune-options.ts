import { z } from "zod";
import { columnFlags, dataSchema, featureFlags } from "./data-options.ts";
import { modelFlags, modelSchema, trainingSchema } from "./model-options.ts";
import { commonFlags, commonSchema, type Flag } from "./options.ts";
import { protocolFlags } from "./protocol-options.ts";
import { cacheFlag } from "./train-options.ts";

const whole = z.number().int().min(1);

export const tuneSchema = {
  ...dataSchema,
  ...modelSchema,
  ...trainingSchema,
  ...commonSchema,
  shape: z.array(whole).min(3).max(4),
  items: whole,
  secondsPerOp: z.number().gt(0),
  cache: z.string().min(1),
};

/** The options of `polymind tune` as they were given. */
export type TuneCommandOptions = Partial<z.infer<z.ZodObject<typeof tuneSchema>>>;

export const tuneDefaults = { items: 10_000, secondsPerOp: 2 } as const;

export const tuneFlags: readonly Flag[] = [
  { key: "interactions", value: "file", description: "the log to train on: it says how large the tables are" },
  { key: "shape", value: "B,L,d,K", description: "without a log: batch, length, dimension and interests" },
  { key: "items", value: "number", description: "with --shape: items of the catalogue", standard: tuneDefaults.items },
  {
    key: "secondsPerOp",
    value: "number",
    description: "measure the kernels of one op for so long at most",
    standard: tuneDefaults.secondsPerOp,
  },
  cacheFlag,
  ...columnFlags,
  ...protocolFlags,
  ...featureFlags,
  ...modelFlags,
  ...commonFlags,
];
