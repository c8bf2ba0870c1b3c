import type { Engine } from "../engine.ts";
import { fail, PolymindError } from "../errors.ts";
import type { Program } from "../graph/program.ts";
import { type ModelSource, saveModel } from "../training/model-folder.ts";
import type { Checkpoint, ItemVectors, TrainingResult } from "../training/progress.ts";
import { train } from "../training/trainer.ts";
import type { Console } from "./io.ts";
import { showTraining } from "./progress.ts";
import type { TrainingJob } from "./training-job.ts";
import { describeTuned } from "./tuning-table.ts";

export interface SavingOptions {
  /** The folder of the model; nothing is kept where there is none. */
  readonly folder?: string | undefined;
  /** Aborting it ends training after the step at hand. */
  readonly signal: AbortSignal;
  /** Stands before each line of progress. */
  readonly label?: string;
  readonly itemVectors?: ItemVectors;
}

/** Trains with a checkpoint in the folder whenever there is a new one. */
export async function trainAndSave(
  engine: Engine,
  { dataset, from }: TrainingJob,
  source: ModelSource,
  { folder, signal, label, ...hooks }: SavingOptions,
  console: Console,
): Promise<{ readonly trained: TrainingResult; readonly checkpoint: Checkpoint }> {
  const { spec, training } = source;
  const view = showTraining(console, training.epochs, label);
  let checkpoint = from;
  const onCheckpoint = async (latest: Checkpoint) => {
    if (folder !== undefined) await saveModel(folder, source, latest);
    checkpoint = latest;
  };
  try {
    const onCompiled = ({ families }: Program) => {
      if (engine.tuning.length > 0) console.note(describeTuned(families));
    };
    const { onPretraining, onStep, onValidation, onEpoch } = view;
    const trained = await train(
      engine,
      spec,
      dataset,
      training,
      { onCompiled, onPretraining, onStep, onValidation, onEpoch, onCheckpoint, signal, ...hooks },
      from,
    );
    return { trained, checkpoint: checkpoint ?? fail("train: ended without a checkpoint") };
  } catch (error) {
    if (!(error instanceof PolymindError) || checkpoint === undefined || folder === undefined) throw error;
    return fail(`${error.message}; go on from what was saved with: ${resumeCommand(folder)}`, error);
  } finally {
    view.stop();
  }
}

/** Listens for Ctrl-C: the first asks to end, and the signal says so; the second ends the process. */
export function catchInterrupt(
  console: Console,
  message: string,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const release = console.onInterrupt(() => {
    if (controller.signal.aborted) console.exit(130);
    else console.note(`${message}; Ctrl-C again ends at once`);
    controller.abort();
  });
  return { signal: controller.signal, release };
}

/** What goes on with the training in a folder. */
export function resumeCommand(folder: string): string {
  return `npx polymind train --out ${quoted(folder)} --resume`;
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w./~:,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
