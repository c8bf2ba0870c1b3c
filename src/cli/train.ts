import { Command } from "commander";
import { loadTuning, tuningFile } from "../device/tuning-file.ts";
import type { Engine } from "../engine.ts";
import { fail } from "../errors.ts";
import { isFitted } from "../models/registry.ts";
import { ensureWritable } from "../storage/folder.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { openFolder } from "../storage/read-folder.ts";
import { loadModel, type ModelSource, saveModel } from "../training/model-folder.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { adapterFor, judgeArrays, standardCutoffs, startEngine } from "./judging.ts";
import { describeTest } from "./metrics-table.ts";
import { shownModel } from "./model-options.ts";
import { addFlags, readOptions } from "./options.ts";
import { showCounts } from "./progress.ts";
import { catchInterrupt, resumeCommand, trainAndSave } from "./train-and-save.ts";
import { type TrainOptions, trainFlags, trainSchema } from "./train-options.ts";
import { newJob, resumedJob, type TrainingJob } from "./training-job.ts";

const examples = `
Examples:
  $ polymind train --interactions ratings.csv --user user_id --item item_id --time position --out model/
  $ polymind train --interactions ratings.dat.gz --item-features movies.dat.gz --scoring best --out model/
  $ polymind train --out model/ --resume --epochs 20
  $ polymind train --interactions ratings.csv --tuned --out model/     # after polymind tune --interactions ratings.csv

Ctrl-C finishes the step, saves and says how to go on.`;

/** `polymind train` */
export function trainCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("train").description(
    "Train a model on a log of interactions and judge it on held-out items.",
  );
  return addFlags(command, trainFlags)
    .addHelpText("after", examples)
    .action(async (flags) => {
      const options: TrainOptions = await readOptions(trainSchema, flags);
      finish(await runTraining(options, createConsole(io, options.quiet ?? false)));
    });
}

async function runTraining(options: TrainOptions, console: Console): Promise<number> {
  const folder = options.out ?? fail("no folder for the model: name it with --out DIR");
  const begun = options.resume ? undefined : newJob(options);
  if (options.resume) await openFolder(folder);
  else if (!options.overwrite) await refuseUnfinished(folder);
  await ensureWritable(folder);
  await ensureFile(options.json);
  const resumed = begun ? undefined : await resumedJob(options, folder, console);
  const { spec } = begun ?? resumed!.source;
  if (options.tuned && isFitted(spec))
    fail(`--tuned: ${spec.name} is fitted on the CPU and has no kernels; leave it out`);
  const adapter = adapterFor(spec, options.adapter);
  const { engine, tuning } = await engineFor({ ...options, adapter }, resumed, console);
  try {
    const job = resumed ?? (await begun!.prepare(console));
    const source: ModelSource = { ...job.source, adapter: engine.description.name, tuning };
    if (job.adapter !== undefined && job.adapter !== source.adapter) {
      console.note(
        `note: trained on ${job.adapter} so far; another adapter rounds differently, so the bits are not those of an uninterrupted training`,
      );
    }
    const { signal, release } = catchInterrupt(console, "finishing the step and saving");
    const saving = { folder, signal };
    const { trained, checkpoint } = await trainAndSave(engine, job, source, saving, console).finally(release);
    if (trained.interrupted) {
      const { epoch, step } = trained.progress;
      console.print(
        `interrupted in epoch ${epoch + 1} after step ${step}; saved to ${folder}. To go on: ${resumeCommand(folder)}`,
      );
      return 130;
    }
    const { training } = source;
    const onProgress = showCounts(console, "test users judged");
    const judging = { at: standardCutoffs, includeSeen: training.includeSeen, onProgress };
    const { test } = await judgeArrays(engine, trained.best, spec, job.dataset, job.dataset.split.test, judging);
    await saveModel(folder, source, checkpoint, test);
    for (const line of describeTest(spec.name, test)) console.print(line);
    const { bestEpoch = 0, history } = trained.progress;
    console.note(`saved to ${folder}: epoch ${bestEpoch + 1} of ${history.length}, the best on the validation users`);
    const { userCount: users, itemCount: items, items: interactions } = source.log;
    await writeJsonFile(options.json, {
      model: shownModel(spec),
      training,
      data: source.data,
      counts: { users, items, interactions: interactions.length },
      adapter: source.adapter,
      epochs: history,
      bestEpoch,
      test,
    });
    return 0;
  } finally {
    engine.dispose();
  }
}

/** The engine to train with, and the tuned choices that the folder remembers. */
async function engineFor(
  { adapter, tuned, cache = tuned ? tuningFile() : undefined }: TrainOptions,
  resumed: TrainingJob | undefined,
  console: Console,
): Promise<{ readonly engine: Engine; readonly tuning: ModelSource["tuning"] }> {
  if (resumed) {
    const { tuning } = resumed.source;
    return { engine: await startEngine(adapter, console, tuning), tuning };
  }
  if (!tuned) return { engine: await startEngine(adapter, console), tuning: undefined };
  const engine = await startEngine(adapter, console, await loadTuning(cache));
  if (engine.tuning.length > 0) return { engine, tuning: engine.tuning };
  engine.dispose();
  return fail(
    `--tuned: ${cache} has nothing for this adapter; run npx polymind tune with the same options before, or leave it out`,
  );
}

async function refuseUnfinished(folder: string): Promise<void> {
  const model = await loadModel(folder).catch(() => undefined);
  if (model !== undefined && !model.results.finished) {
    fail(
      `${folder} holds a training that has not ended: go on with ${resumeCommand(folder)}, or start anew with --overwrite`,
    );
  }
}
