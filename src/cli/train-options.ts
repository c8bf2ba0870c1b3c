import { z } from "zod";
import { columnFlags, dataSchema, featureFlags } from "./data-options.ts";
import { modelFlags, modelSchema, trainingSchema } from "./model-options.ts";
import { commonFlags, commonSchema, type Flag } from "./options.ts";
import { protocolFlags } from "./protocol-options.ts";

export const trainSchema = {
  ...dataSchema,
  ...modelSchema,
  ...trainingSchema,
  ...commonSchema,
  out: z.string().min(1),
  resume: z.boolean(),
  overwrite: z.boolean(),
  tuned: z.boolean(),
  cache: z.string().min(1),
};

/** The options of `polymind train` as they were given. */
export type TrainOptions = Partial<z.infer<z.ZodObject<typeof trainSchema>>>;

/** Where tuning is remembered. */
export const cacheFlag: Flag = {
  key: "cache",
  value: "file",
  description: "where to remember the choices; default: polymind/tuning.json in the user's cache",
};

export const trainFlags: readonly Flag[] = [
  { key: "interactions", value: "file", description: "the log: one interaction in a row; may be packed (.gz)" },
  { key: "out", value: "folder", description: "folder of the model" },
  { key: "resume", description: "go on with the training in the folder, with the options it was begun with" },
  { key: "overwrite", description: "start anew even if the folder holds a training that has not ended" },
  {
    key: "tuned",
    description: "use the kernels that polymind tune chose: faster, with other bits; --resume keeps to them",
  },
  { ...cacheFlag, description: "with --tuned: where polymind tune wrote; default: its own" },
  ...columnFlags,
  ...protocolFlags,
  ...featureFlags,
  ...modelFlags,
  ...commonFlags,
];
