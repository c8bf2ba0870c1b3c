import { resolve } from "node:path";
import { countSamples } from "../data/batches.ts";
import { longestList } from "../data/listed-negatives.ts";
import type { Sequences } from "../data/sequences.ts";
import { fail } from "../errors.ts";
import { fittedModel, isFitted, type ModelSpec } from "../models/registry.ts";
import { checkTraining } from "../training/check-training.ts";
import type { Dataset } from "../training/dataset.ts";
import { datasetOf, loadCheckpoint, loadModel, type ModelSource, type StoredModel } from "../training/model-folder.ts";
import { type DataDescription, dataDefaults } from "../training/model-folder-data.ts";
import { type TrainingOptions, trainingDefaults } from "../training/options.ts";
import { trainingOf } from "../training/presets.ts";
import { fittingOnce } from "../training/pretraining.ts";
import { type Checkpoint, type ItemVectors, isFinished } from "../training/progress.ts";
import { completeProtocol, splitLog, splittingOnce } from "../training/protocol.ts";
import { dataSchema, readAllFeatures, readItemEmbeddings, readLog } from "./data-options.ts";
import type { Console } from "./io.ts";
import { givenModel, modelSchema, shownModel, trainingSchema } from "./model-options.ts";
import { flagOf, showValue, within } from "./options.ts";
import { checkProtocol, requireUsers } from "./protocol-options.ts";
import type { TrainOptions } from "./train-options.ts";

/** What to train, and from where on. */
export interface TrainingJob {
  readonly source: Omit<ModelSource, "adapter">;
  readonly dataset: Dataset;
  readonly from?: Checkpoint;
  /** What it was trained on so far. */
  readonly adapter?: string;
}

/** A training whose options have been checked, before anything that takes long. */
export interface NewJob {
  readonly spec: ModelSpec;
  readonly training: TrainingOptions;
  /** Reads the log and splits it, or takes what was made before with the same options. */
  prepare(console: Console, shared?: Pick<SharedWork, "read" | "split">): Promise<TrainingJob>;
}

/** What the trainings of one command make once for all. */
export interface SharedWork {
  readonly read: typeof readData;
  readonly split: typeof splitLog;
  readonly itemVectors: ItemVectors;
}

export const shareWork = (): SharedWork => ({
  read: readingOnce(),
  split: splittingOnce(),
  itemVectors: fittingOnce(),
});

export function newJob(options: TrainOptions): NewJob {
  const spec = givenModel(within(options, modelSchema), options.seed ?? trainingDefaults.seed);
  const given = { ...dataDefaults, ...within(options, dataSchema) };
  const asked = { ...trainingOf(spec, options.preset), ...within(options, trainingSchema) };
  // Vectors that are given take the place of those that would be fitted.
  const pretraining = given.itemEmbeddings === undefined ? asked.pretraining : "none";
  if (options.pretraining !== undefined && options.pretraining !== pretraining)
    fail(
      `--pretraining ${options.pretraining}: item embeddings begin with ${given.itemEmbeddings}; leave one of the two out`,
    );
  const training = { ...asked, pretraining, epochs: epochsOf(spec, asked.epochs) };
  checkTraining(spec, training);
  checkProtocol(given);
  if (given.interactions === undefined) fail("no log to train on: name it with --interactions FILE");
  if (given.itemEmbeddings !== undefined && isFitted(spec))
    fail(
      `--item-embeddings: ${spec.name} has no embeddings to begin with; leave it out, or use a model that is trained`,
    );
  return {
    spec,
    training,
    async prepare(console, { read, split } = { read: readData, split: splitLog }) {
      const source = { spec, training, ...(await read(given, console)) };
      const dataset = withUsersToJudge(source, split);
      if (!isFitted(spec) && training.negativeSampling === "listed") noteLists(dataset.split.train, training, console);
      return { source, dataset };
    },
  };
}

/** Says how many samples have negatives of their own to train with; fails where none has. */
function noteLists(train: Sequences, { negatives: most }: TrainingOptions, { note }: Console): void {
  const longest = longestList(train, most);
  const [listed, all] = [countSamples(train, { listed: true }), countSamples(train)];
  const others = listed < all ? "; those without are left out" : "";
  note(`negatives: ${listed} of ${all} samples that train list their own, at most ${longest}${others}`);
}

/** Reads the log and the features that the options describe. */
export async function readData(
  given: DataDescription,
  console: Console,
): Promise<Omit<ModelSource, "spec" | "training" | "adapter">> {
  const log = await readLog(given, console);
  const data = { ...given, ...completeProtocol(log, given) };
  const features = await readAllFeatures(data, log, console);
  return { data, log, ...features, itemEmbeddings: await readItemEmbeddings(data, log.itemIds, console) };
}

/** Reads each log once, whoever asks for it. */
function readingOnce(): typeof readData {
  const known = new Map<string, ReturnType<typeof readData>>();
  return (given, console) => {
    const key = JSON.stringify(given);
    const read = known.get(key) ?? readData(given, console);
    known.set(key, read);
    return read;
  };
}

/** The training that a folder holds, to go on with; options may not differ, but for those of when to end. */
export async function resumedJob(
  options: TrainOptions,
  folder: string,
  { note }: Console,
  /** What the folder's data make, where it is at hand: then the options are all there are, and one that is missing differs, too. */
  dataset?: Dataset,
): Promise<TrainingJob> {
  const model = await loadModel(folder);
  refuseOther(options, model, folder, dataset !== undefined);
  if (options.tuned && model.tuning === undefined) {
    fail(
      `--tuned: ${folder} was begun without, and tuned kernels would change its bits; leave it out, or train anew into another folder`,
    );
  }
  const { epochs = model.training.epochs, patience = model.training.patience } = options;
  const training = { ...model.training, epochs: epochsOf(model.spec, epochs), patience };
  const checkpoint = await loadCheckpoint(folder, model);
  const progress = { ...checkpoint.progress, finished: isFinished(checkpoint.progress, training) };
  const { history, epoch, step } = progress;
  if (progress.finished)
    note(`${folder} is trained: ${history.length} of ${training.epochs} epochs; more come with --epochs or --patience`);
  else note(`resuming ${folder} in epoch ${epoch + 1} of ${training.epochs}, after step ${step}`);
  const source = { ...model, training };
  return {
    source,
    dataset: dataset ?? withUsersToJudge(source),
    from: { ...checkpoint, progress },
    adapter: model.adapter,
  };
}

/** Fails on options that differ from those of a model, but for those of when to end. */
function refuseOther(
  { preset, ...options }: TrainOptions,
  model: StoredModel,
  folder: string,
  isComplete: boolean,
): void {
  if (preset !== undefined && !isComplete)
    fail(`${folder} goes on with the options that it was begun with; leave out --preset ${preset}`);
  const stored: Record<string, unknown> = { ...model.data, ...model.training, ...shownModel(model.spec) };
  const given: Record<string, unknown> = within(options, { ...dataSchema, ...modelSchema, ...trainingSchema });
  for (const key of Object.keys(isComplete ? { ...stored, ...given } : given)) {
    if (key === "epochs" || key === "patience" || isSame(key, given[key], stored[key])) continue;
    const [is, was] = [given[key], stored[key]].map((value) => (value === undefined ? "none" : showValue(value)));
    fail(
      `${flagOf(key)} ${is} differs from ${was}, with which ${folder} was trained; leave it out, or train anew into another folder`,
    );
  }
}

/** A model that is fitted at once has one epoch. */
function epochsOf(spec: ModelSpec, epochs: number): number {
  return isFitted(spec) && !fittedModel(spec).isIterative ? 1 : epochs;
}

const files = ["interactions", "userFeatures", "itemFeatures", "itemEmbeddings", "itemEmbeddingsIds"];

function isSame(key: string, given: unknown, stored: unknown): boolean {
  if (files.includes(key) && typeof given === "string" && typeof stored === "string")
    return resolve(given) === resolve(stored);
  return JSON.stringify(given) === JSON.stringify(stored);
}

function withUsersToJudge(source: Omit<ModelSource, "adapter">, split = splitLog): Dataset {
  const dataset = datasetOf(source, split);
  for (const users of [dataset.split.validation, dataset.split.test]) requireUsers(users, source.data);
  return dataset;
}
