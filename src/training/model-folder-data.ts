import { z } from "zod";
import { fileFormats } from "../data/plain-file.ts";
import { protocolSchema } from "./protocol.ts";

const count = z.number().int().min(0);

/** How a log was read and split, in the words of the command line; a folder keeps it so that it can be judged in the same way. */
export const dataDescriptionSchema = z.strictObject({
  /** The file; missing where the log was made by a program. */
  interactions: z.string().min(1).optional(),
  user: z.string().min(1).optional(),
  item: z.string().min(1).optional(),
  time: z.string().min(1).optional(),
  inFileOrder: z.boolean(),
  format: z.enum(fileFormats).optional(),
  columnNames: z.array(z.string().min(1)).min(1).optional(),
  minimumUserCount: count,
  minimumItemCount: count,
  ...protocolSchema,
  userFeatures: z.string().min(1).optional(),
  userFeaturesKey: z.string().min(1).optional(),
  userFeaturesColumns: z.array(z.string().min(1)).min(1).optional(),
  itemFeatures: z.string().min(1).optional(),
  itemFeaturesKey: z.string().min(1).optional(),
  itemFeaturesColumns: z.array(z.string().min(1)).min(1).optional(),
  /** Vectors that item embeddings begin with. */
  itemEmbeddings: z.string().min(1).optional(),
  itemEmbeddingsIds: z.string().min(1).optional(),
  itemEmbeddingsKey: z.string().min(1).optional(),
  /** Between the values of a multi-valued feature column. */
  featureSeparator: z.string(),
});

export type DataDescription = Readonly<z.infer<typeof dataDescriptionSchema>>;

/** Leave-one-out over all users and items. */
export const dataDefaults: DataDescription = {
  inFileOrder: false,
  minimumUserCount: 1,
  minimumItemCount: 1,
  protocol: "leave-one-out",
  featureSeparator: "|",
};
