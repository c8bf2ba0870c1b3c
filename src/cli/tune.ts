import { Command } from "commander";
import { saveTuning, tuningFile } from "../device/tuning-file.ts";
import { fail } from "../errors.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { tuneTraining } from "../training/tune-training.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { startEngine } from "./judging.ts";
import { shownModel } from "./model-options.ts";
import { addFlags, readOptions } from "./options.ts";
import { showOps } from "./progress.ts";
import { tuneJob } from "./tune-job.ts";
import { type TuneCommandOptions, tuneDefaults, tuneFlags, tuneSchema } from "./tune-options.ts";
import { describeTuning } from "./tuning-table.ts";

const examples = `
Examples:
  $ polymind tune --interactions ratings.csv
  $ polymind train --interactions ratings.csv --tuned --out model/
  $ polymind tune --shape 512,50,64,4 --json tuning.json

Takes the options of train: a choice holds for the same ops of the same shapes on the same adapter and driver, as long as
their kernels stay what they are. Kernels that differ from the references are refused. Other kernels round differently, so
nothing uses the choices unless it is asked to (train --tuned); a model remembers those it was trained with.`;

/** `polymind tune` */
export function tuneCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("tune").description("Measure which kernels are the fastest here for a training step.");
  return addFlags(command, tuneFlags)
    .addHelpText("after", examples)
    .action(async (flags) => {
      const options: TuneCommandOptions = await readOptions(tuneSchema, flags);
      await runTuning(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
}

async function runTuning(options: TuneCommandOptions, console: Console): Promise<void> {
  if (options.adapter === "cpu") fail("--adapter cpu: the references are no kernels to choose among; name another one");
  const prepare = tuneJob(options);
  const { secondsPerOp = tuneDefaults.secondsPerOp, cache = tuningFile() } = options;
  // Says before the work whether the file can be read and written.
  await saveTuning([], cache);
  await ensureFile(options.json);
  const engine = await startEngine(options.adapter, console);
  try {
    const { spec, training, dataset } = await prepare(console);
    const view = showOps(console);
    const { choices, report } = await tuneTraining(engine, spec, dataset, training, {
      secondsPerOp,
      onOp: view.onOp,
    }).finally(view.stop);
    await saveTuning(choices, cache);
    for (const line of describeTuning(report)) console.print(line);
    const seconds = report.reduce((sum, op) => sum + op.seconds, 0);
    console.note(
      `${report.length} ops in ${seconds.toFixed(1)} s; remembered in ${cache}. To use it: npx polymind train --tuned, with the same options`,
    );
    await writeJsonFile(options.json, {
      adapter: engine.description.name,
      cache,
      model: shownModel(spec),
      training,
      items: dataset.itemCount,
      ops: report,
    });
  } finally {
    engine.dispose();
  }
}
