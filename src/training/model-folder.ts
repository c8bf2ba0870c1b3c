import { join } from "node:path";
import type { ItemEmbeddings } from "../data/embeddings.ts";
import type { FeatureTable } from "../data/features.ts";
import { fail } from "../errors.ts";
import { precisionOf } from "../graph/program.ts";
import { formatShape, sameShape } from "../graph/shape.ts";
import type { TunedChoice } from "../graph/tuning.ts";
import type { Arrays } from "../models/arrays.ts";
import { fittedModel, isFitted, type ModelSpec } from "../models/registry.ts";
import { type FolderFiles, writeFolder } from "../storage/folder.ts";
import { isRecord, readJson } from "../storage/json.ts";
import { openFolder } from "../storage/read-folder.ts";
import { createDataset, type Dataset } from "./dataset.ts";
import { buildUserGraph } from "./encoded-users.ts";
import type { DataDescription } from "./model-folder-data.ts";
import { configSchema, format, parseWith, progressSchema, type TestResult, version } from "./model-folder-schema.ts";
import * as tables from "./model-folder-tables.ts";
import { checkModelSpec } from "./model-spec-schema.ts";
import type { TrainingOptions } from "./options.ts";
import type { Checkpoint, TrainingProgress } from "./progress.ts";
import { splitLog } from "./protocol.ts";

/** What a model is made from, and all that a folder needs beside the parameters to judge it and to serve it. */
export interface ModelSource {
  readonly spec: ModelSpec;
  readonly training: TrainingOptions;
  readonly data: DataDescription;
  readonly log: tables.StoredLog;
  /** Features of item i + 1 in row i. */
  readonly itemFeatures?: FeatureTable;
  /** Features of user i in row i. */
  readonly userFeatures?: FeatureTable;
  /** What item embeddings begin with; a folder keeps what became of them, with the parameters. */
  readonly itemEmbeddings?: ItemEmbeddings;
  /** Name of the adapter it was trained on last. */
  readonly adapter: string;
  /** The choices of the engine it is trained with, which a resumed training needs to end with the same bits. */
  readonly tuning?: readonly TunedChoice[];
}

/** A model as it was found in a folder. */
export interface StoredModel extends ModelSource {
  /** The parameters of the best epoch. */
  readonly parameters: Arrays;
  readonly results: {
    readonly history: TrainingProgress["history"];
    readonly bestEpoch?: number;
    readonly finished: boolean;
  };
  readonly test?: TestResult;
}

const names = {
  parameters: "model.safetensors",
  config: "config.json",
  items: "items.json",
  users: "users.json",
  log: "log.safetensors",
  itemFeatures: "item-features.json",
  userFeatures: "user-features.json",
  state: "training.safetensors",
  progress: "training.json",
} as const;

type FileContent = FolderFiles extends ReadonlyMap<string, infer Content> ? Content : never;

/**
 * Writes a model with the state of its training into a folder, all or nothing (see `writeFolder`). The state stays after
 * training has finished, so that more epochs can be added.
 */
export async function saveModel(
  path: string,
  source: ModelSource,
  checkpoint: Checkpoint,
  test?: TestResult,
): Promise<void> {
  const { spec, training, data, log, itemFeatures, userFeatures, adapter, tuning } = source;
  const { progress } = checkpoint;
  // Nothing else than training asks for lists.
  const kept = training.negativeSampling === "listed" ? log : { ...log, negatives: undefined };
  const config = {
    format,
    version,
    model: spec,
    training,
    data,
    tuning,
    counts: { users: log.userCount, items: log.itemCount, interactions: log.items.length },
    results: { adapter, epochs: progress.history, bestEpoch: progress.bestEpoch, finished: progress.finished, test },
  };
  const files = new Map<string, FileContent>([
    [names.parameters, tables.encodeArrays(checkpoint.best)],
    [names.config, `${JSON.stringify(config, undefined, 2)}\n`],
    [names.items, tables.encodeIds(log.itemIds)],
    [names.users, tables.encodeIds(log.userIds)],
    [names.log, tables.encodeSequences(kept)],
    [names.state, tables.encodeArrays(checkpoint.state)],
    [names.progress, `${JSON.stringify(progress, undefined, 2)}\n`],
  ]);
  if (itemFeatures) files.set(names.itemFeatures, tables.encodeFeatureTable(itemFeatures));
  if (userFeatures) files.set(names.userFeatures, tables.encodeFeatureTable(userFeatures));
  await writeFolder(path, files);
}

/** Reads a model, without the state of its training. Whatever is missing, damaged or of another version is named by the error. */
export async function loadModel(path: string): Promise<StoredModel> {
  const folder = await openFolder(path);
  const read = <T>(name: string, decode: (bytes: Uint8Array, file: string) => T) =>
    folder.read(name).then((bytes) => decode(bytes, join(path, name)));
  const readIfThere = async <T>(name: string, decode: (bytes: Uint8Array, file: string) => T) =>
    folder.names.includes(name) ? read(name, decode) : undefined;

  const config = await read(names.config, decodeConfig);
  checkModelSpec(config.model);
  const itemIds = await read(names.items, tables.decodeIds);
  const userIds = await read(names.users, tables.decodeIds);
  const [userCount, itemCount] = [userIds.length, itemIds.length - 1];
  if (userCount !== config.counts.users || itemCount !== config.counts.items) {
    fail(
      `${path}: ${names.config} speaks of ${config.counts.users} users and ${config.counts.items} items, the id tables of ${userCount} and ${itemCount}; restore a copy or train it again`,
    );
  }
  const sequences = await read(names.log, (bytes, file) => tables.decodeSequences(bytes, file, userCount, itemCount));
  const itemFeatures = await readIfThere(names.itemFeatures, (bytes, file) =>
    tables.decodeFeatureTable(bytes, file, itemCount),
  );
  const userFeatures = await readIfThere(names.userFeatures, (bytes, file) =>
    tables.decodeFeatureTable(bytes, file, userCount),
  );
  const parameters = await read(names.parameters, tables.decodeArrays);
  const { epochs: history, test, adapter, ...results } = config.results;
  const model: StoredModel = {
    spec: config.model,
    training: config.training,
    data: config.data,
    log: { ...sequences, userIds, itemIds },
    itemFeatures,
    userFeatures,
    adapter,
    tuning: config.tuning,
    parameters,
    results: { history, ...results },
    test,
  };
  checkParameters(model, join(path, names.parameters));
  return model;
}

/** The state in which the training of a model was saved; `best` are the parameters of the model. */
export async function loadCheckpoint(path: string, { parameters }: StoredModel): Promise<Checkpoint> {
  const folder = await openFolder(path);
  if (!folder.names.includes(names.state))
    fail(`${path}: the model has no ${names.state}, so its training cannot go on; train it again`);
  const file = join(path, names.progress);
  const progress = parseWith(progressSchema, readJson(await folder.read(names.progress), file), file);
  const state = tables.decodeArrays(await folder.read(names.state), join(path, names.state));
  return { progress, state, best: parameters };
}

/** The log of a model, split as it was for training. */
export function datasetOf(
  { log, data, training, itemFeatures, userFeatures, itemEmbeddings }: Omit<ModelSource, "spec" | "adapter" | "tuning">,
  split = splitLog,
): Dataset {
  return createDataset(split(log, data, training.seed), { itemFeatures, userFeatures, itemEmbeddings });
}

function decodeConfig(bytes: Uint8Array, file: string) {
  const value = readJson(bytes, file);
  if (isRecord(value) && value["format"] === format && value["version"] !== version) {
    fail(`${file}: version ${JSON.stringify(value["version"])} of the model format; this polymind reads ${version}`);
  }
  return parseWith(configSchema, value, file);
}

/** What a model is made of. */
function partsOf({ spec, log, itemFeatures, userFeatures }: StoredModel) {
  const { itemCount } = log;
  if (isFitted(spec)) {
    return [...fittedModel(spec).shapes(itemCount)].map(([name, shape]) => ({ name, shape, wanted: "f32" as const }));
  }
  const { graph } = buildUserGraph(spec, { itemCount, itemFeatures, userFeatures }, 1);
  const parameters = graph.values.filter(({ role }) => role === "parameter");
  return parameters.map((value) => ({ name: value.name, shape: value.shape, wanted: precisionOf(value) }));
}

/** A parameter that is missing would be initialised anew, and nobody would notice. */
function checkParameters(model: StoredModel, file: string): void {
  const { parameters } = model;
  for (const { name, shape, wanted } of partsOf(model)) {
    const found = parameters.get(name) ?? fail(`${file}: no tensor ${name}; restore a copy or train the model again`);
    const { precision = "f32" } = found;
    if (precision !== wanted) {
      fail(
        `${file}: tensor ${name} is of precision ${precision}, ${names.config} makes it ${wanted}; restore a copy or train the model again`,
      );
    }
    if (!sameShape(found.shape, shape)) {
      fail(
        `${file}: tensor ${name} has the shape ${formatShape(found.shape)}, ${names.config} makes it ${formatShape(shape)}; restore a copy or train the model again`,
      );
    }
  }
}
