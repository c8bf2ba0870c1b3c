import { stat } from "node:fs/promises";
import type { ItemEmbeddings } from "../data/embeddings.ts";
import { readEmbeddings } from "../data/embeddings-file.ts";
import type { FeatureTable } from "../data/features.ts";
import { readFeatures } from "../data/features-file.ts";
import { describeLog, type InteractionLog } from "../data/log.ts";
import { readInteractions } from "../data/log-file.ts";
import { fileFormats } from "../data/plain-file.ts";
import { fail } from "../errors.ts";
import { embeddingsOfModel } from "../training/model-embeddings.ts";
import { type DataDescription, dataDefaults, dataDescriptionSchema } from "../training/model-folder-data.ts";
import type { Console } from "./io.ts";
import type { Flag } from "./options.ts";

export const dataSchema = dataDescriptionSchema.shape;

const columnDescriptions: Readonly<Record<string, readonly [string | undefined, string]>> = {
  user: ["column", "column of the user; default: user_id, user, userId, ..."],
  item: ["column", "column of the item; default: item_id, item, movie_id, ..."],
  time: ["column", "column of a number or date to sort by; default: timestamp, time, date, position, ..."],
  inFileOrder: [undefined, "there is no time: the rows of a user are in order already"],
  format: ["name", `${fileFormats.join(", ")}; default: told by the extension, before .gz`],
  columnNames: ["names", "names of the columns of a file without a header, separated by commas"],
  minimumUserCount: ["number", "users with fewer interactions are left out"],
  minimumItemCount: ["number", "items with fewer interactions are left out"],
};

const featureDescriptions: Readonly<Record<string, readonly [string, string]>> = {
  userFeatures: ["file", "categorical features of users, the profile"],
  userFeaturesKey: ["column", "its column of the user; default: the first"],
  userFeaturesColumns: ["names", "its columns to use; default: all that are categories"],
  itemFeatures: ["file", "categorical features of items; an item's vector is the mean of its own and of theirs"],
  itemFeaturesKey: ["column", "its column of the item; default: the first"],
  itemFeaturesColumns: ["names", "its columns to use; default: all that are categories"],
  itemEmbeddings: [
    "file",
    "vectors that item embeddings begin with: .npy, .safetensors, .parquet, .csv, .tsv, .jsonl, or the folder of a model; --input-embeddings says whether they change",
  ],
  itemEmbeddingsIds: [
    "file",
    "the ids of the rows of .npy and .safetensors, one a line; default: beside it, as .ids.txt",
  ],
  itemEmbeddingsKey: ["column", "the column of the item in a table of vectors; default: the first"],
  featureSeparator: ["text", "stands between the values of a multi-valued feature column"],
};

/** Flags of the data, in their place in the help. */
export const toFlags = (descriptions: Readonly<Record<string, readonly [string | undefined, string]>>): Flag[] =>
  Object.entries(descriptions).map(([key, [value, description]]) => ({
    key,
    ...(value !== undefined && { value, standard: dataDefaults[key as keyof DataDescription] }),
    description,
    group: "Data:",
  }));

export const columnFlags = toFlags(columnDescriptions);
export const featureFlags = toFlags(featureDescriptions);

/** Reads the log that the options describe and says what became of its rows. */
export async function readLog(data: DataDescription, { note }: Console): Promise<InteractionLog> {
  const path = data.interactions ?? fail("no log to train on: name it with --interactions FILE");
  if (data.inFileOrder && data.time !== undefined)
    fail("--in-file-order says that there is no time, --time names its column; leave one out");
  const log = await readInteractions(path, { ...data, time: data.inFileOrder ? false : data.time });
  for (const line of describeLog(log)) note(line);
  return log;
}

/** Reads the feature files that the options name, for the users and items of a log. */
export async function readAllFeatures(data: DataDescription, log: InteractionLog, console: Console) {
  const { userFeatures, userFeaturesKey: key, userFeaturesColumns: columns } = data;
  return {
    userFeatures: await readTable(userFeatures, { key, columns, ids: log.userIds }, "users", data, console),
    itemFeatures: await readItemFeatures(data, log.itemIds, console),
  };
}

/** Reads the features of items, if the options name their file: row i of the table is item i + 1. */
export async function readItemFeatures(data: DataDescription, itemIds: readonly string[], console: Console) {
  const { itemFeatures, itemFeaturesKey: key, itemFeaturesColumns: columns } = data;
  return readTable(itemFeatures, { key, columns, ids: itemIds.slice(1) }, "items", data, console);
}

/** Reads the vectors that item embeddings begin with, if the options name them, and says how many items have one. */
export async function readItemEmbeddings(
  { itemEmbeddings: path, itemEmbeddingsIds: idsFile, itemEmbeddingsKey: key }: DataDescription,
  itemIds: readonly string[],
  { note }: Console,
): Promise<ItemEmbeddings | undefined> {
  if (path === undefined) {
    if (idsFile !== undefined) fail("--item-embeddings-ids: ids of what? Name the vectors with --item-embeddings FILE");
    return undefined;
  }
  const ids = itemIds.slice(1);
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const read = isFolder ? await embeddingsOfModel(path, ids) : await readEmbeddings(path, { ids, idsFile, key });
  note(
    `item embeddings begin with ${path}, of width ${read.dimension}; ${read.missing} of ${ids.length} items are not there`,
  );
  return read;
}

async function readTable(
  path: string | undefined,
  options: { key: string | undefined; columns: readonly string[] | undefined; ids: readonly string[] },
  whose: string,
  { featureSeparator: separator }: DataDescription,
  { note }: Console,
): Promise<FeatureTable | undefined> {
  if (path === undefined) return undefined;
  const table = await readFeatures(path, { ...options, separator });
  const fields = table.fields.map((field) => `${field.name} (${field.values.length})`).join(", ");
  note(`features of ${whose}: ${fields}; none for ${table.unmatched} of ${options.ids.length}`);
  for (const line of table.notes) note(line);
  return table;
}
