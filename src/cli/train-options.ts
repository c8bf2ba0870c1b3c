import { z } from "zod";
import { columnFlags, dataSchema, featureFlags, splitFlags } from "./data-options.ts";
import { modelFlags, modelSchema, trainingSchema } from "./model-options.ts";
import { commonFlags, commonSchema, type Flag } from "./options.ts";

export const trainSchema = {
  ...dataSchema,
  ...modelSchema,
  ...trainingSchema,
  ...commonSchema,
  out: z.string().min(1),
  resume: z.boolean(),
  overwrite: z.boolean(),
};

/** The options of `polymind train` as they were given. */
export type TrainOptions = Partial<z.infer<z.ZodObject<typeof trainSchema>>>;

export const trainFlags: readonly Flag[] = [
  { key: "interactions", value: "file", description: "the log: one interaction in a row; may be packed (.gz)" },
  { key: "out", value: "folder", description: "folder of the model" },
  { key: "resume", description: "go on with the training in the folder, with the options it was begun with" },
  { key: "overwrite", description: "start anew even if the folder holds a training that has not ended" },
  ...columnFlags,
  ...splitFlags,
  ...featureFlags,
  ...modelFlags,
  ...commonFlags,
];
