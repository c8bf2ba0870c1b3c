import { z } from "zod";
import { type FileFormat, fileFormats } from "../data/plain-file.ts";
import { type Protocol, protocolSchema } from "./protocol.ts";

/** How a log was read and split, in the words of the command line; a folder keeps it so that it can be judged in the same way. */
export interface DataDescription extends Protocol {
  /** The file; missing where the log was made by a program. */
  readonly interactions?: string | undefined;
  /** Names of columns, as are `item` and `time`. */
  readonly user?: string | undefined;
  readonly item?: string | undefined;
  readonly time?: string | undefined;
  readonly inFileOrder: boolean;
  readonly format?: FileFormat | undefined;
  readonly columnNames?: string[] | undefined;
  readonly minimumUserCount: number;
  readonly minimumItemCount: number;
  /** The file of user features, its column of the user, and the columns to use. */
  readonly userFeatures?: string | undefined;
  readonly userFeaturesKey?: string | undefined;
  readonly userFeaturesColumns?: string[] | undefined;
  readonly itemFeatures?: string | undefined;
  readonly itemFeaturesKey?: string | undefined;
  readonly itemFeaturesColumns?: string[] | undefined;
  /** Vectors that item embeddings begin with. */
  readonly itemEmbeddings?: string | undefined;
  readonly itemEmbeddingsIds?: string | undefined;
  readonly itemEmbeddingsKey?: string | undefined;
  /** Between the values of a multi-valued feature column. */
  readonly featureSeparator: string;
}

const text = z.string().min(1);
const texts = z.array(text).min(1);
const count = z.number().int().min(0);

export const dataDescriptionSchema = z.strictObject({
  interactions: text.optional(),
  user: text.optional(),
  item: text.optional(),
  time: text.optional(),
  inFileOrder: z.boolean(),
  format: z.enum(fileFormats).optional(),
  columnNames: texts.optional(),
  minimumUserCount: count,
  minimumItemCount: count,
  ...protocolSchema,
  userFeatures: text.optional(),
  userFeaturesKey: text.optional(),
  userFeaturesColumns: texts.optional(),
  itemFeatures: text.optional(),
  itemFeaturesKey: text.optional(),
  itemFeaturesColumns: texts.optional(),
  itemEmbeddings: text.optional(),
  itemEmbeddingsIds: text.optional(),
  itemEmbeddingsKey: text.optional(),
  featureSeparator: z.string(),
} satisfies Record<keyof DataDescription, z.ZodType>) satisfies z.ZodType<DataDescription>;

/** Leave-one-out over all users and items. */
export const dataDefaults: DataDescription = {
  inFileOrder: false,
  minimumUserCount: 1,
  minimumItemCount: 1,
  protocol: "leave-one-out",
  featureSeparator: "|",
};
