import { join } from "node:path";
import type { Engine } from "../engine.ts";
import { fail } from "../errors.ts";
import type { ItemCategories } from "../evaluation/categories.ts";
import type { Arrays } from "../models/arrays.ts";
import type { ComparedRun } from "../report/comparison.ts";
import { nodeDisk } from "../storage/disk.ts";
import { currentManifest } from "../storage/manifest.ts";
import type { Dataset } from "../training/dataset.ts";
import { measure } from "../training/measure.ts";
import { type ModelSource, saveModel } from "../training/model-folder.ts";
import { type Console, silent } from "./io.ts";
import { adapterFor, startEngine, testResult } from "./judging.ts";
import { shownModel } from "./model-options.ts";
import { showCounts } from "./progress.ts";
import { trainAndSave } from "./train-and-save.ts";
import type { TrainOptions } from "./train-options.ts";
import { type NewJob, resumedJob, type SharedWork, type TrainingJob } from "./training-job.ts";

/** What all runs of a comparison share. */
export interface RunSettings {
  readonly at: readonly number[];
  readonly adapter: TrainOptions["adapter"];
  readonly signal: AbortSignal;
  readonly out?: string | undefined;
  /** Prints what is said of adapters, each once. */
  readonly adapterConsole: Console;
}

/** One training of a comparison, to be done. */
export interface Run {
  readonly label: string;
  readonly seed: number;
  readonly job: NewJob;
  /** Where in the comparison it stands, for lines of progress. */
  readonly title: string;
}

/** What a run takes from the comparison. */
export interface RunHelp {
  readonly shared: SharedWork;
  readonly categories: ItemCategories | undefined;
  /** Looks at the judged model while its engine is there. */
  readonly look: Look;
}

export type Look = (engine: Engine, learned: Arrays, dataset: Dataset) => Promise<void>;

export interface FinishedRun {
  readonly result: ComparedRun;
  readonly source: ModelSource;
}

/** Trains one model, or goes on with it where its folder holds it, and judges it; undefined where that was interrupted. */
export async function finishRun(
  run: Run,
  { shared, categories, look }: RunHelp,
  { at, adapter, signal, out, adapterConsole }: RunSettings,
  console: Console,
): Promise<FinishedRun | undefined> {
  const { label, seed, job, title } = run;
  const { itemVectors } = shared;
  const folder = out === undefined ? undefined : runFolder(out, label, seed);
  const begun = await job.prepare(console, shared);
  const isStored = folder !== undefined && (await currentManifest(folder, nodeDisk)) !== undefined;
  const todo = isStored ? await storedJob(begun, folder, silent(console)) : begun;
  const engine = await startEngine(adapterFor(job.spec, adapter), adapterConsole);
  try {
    const source: ModelSource = { ...todo.source, adapter: engine.description.name };
    const isTrained = todo.from?.progress.finished ?? false;
    if (isTrained) console.note(`${title}: trained before, in ${folder}`);
    const { trained, checkpoint } = isTrained
      ? {
          trained: { progress: todo.from!.progress, best: todo.from!.best, interrupted: false },
          checkpoint: todo.from!,
        }
      : await trainAndSave(engine, todo, source, { folder, signal, label: `${title}: `, itemVectors }, console);
    if (trained.interrupted) return undefined;
    const { split } = todo.dataset;
    const { includeSeen } = source.training;
    const onProgress = showCounts(console, "test users judged", `${title}: `);
    const judging = { at, includeSeen, categories, onProgress };
    const { measurement, judgement } = await measure(engine, trained.best, job.spec, todo.dataset, split.test, judging);
    if (folder !== undefined && !isTrained) {
      const test = testResult(judgement, todo.dataset, split.test, judging);
      await saveModel(folder, source, checkpoint, test);
    }
    await look(engine, trained.best, todo.dataset);
    const { history, bestEpoch = 0 } = trained.progress;
    return { result: { seed, history, bestEpoch, test: measurement }, source };
  } finally {
    engine.dispose();
  }
}

const runFolder = (out: string, label: string, seed: number): string => join(out, `${label}-seed-${seed}`);

/** The training in a folder, which must be the one that is asked for. */
async function storedJob({ source, dataset }: TrainingJob, folder: string, console: Console): Promise<TrainingJob> {
  const asked = { ...source.data, ...source.training, ...shownModel(source.spec) };
  const { epochs } = source.training;
  const stored = await resumedJob(asked, folder, console, dataset);
  const { history } = stored.from?.progress ?? fail(`${folder}: no training`);
  if (history.length > epochs) {
    fail(`${folder} was trained for ${history.length} epochs, --epochs asks for ${epochs}; name another --out`);
  }
  return stored;
}
