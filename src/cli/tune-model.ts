import { Command } from "commander";
import { fail, PolymindError } from "../errors.ts";
import { ensureFile } from "../storage/json-file.ts";
import { train } from "../training/trainer.ts";
import { type Console, createConsole, type Io, silent, tellingOnce } from "./io.ts";
import { adapterFor, startEngine } from "./judging.ts";
import { createTable, showMetric } from "./metrics-table.ts";
import { defaultModel, shownModel } from "./model-options.ts";
import { addFlags, flagOf, readOptions, showValue, within } from "./options.ts";
import { showFitting, showTraining } from "./progress.ts";
import { type Candidate, candidates, describeCandidate, readSpace } from "./search-space.ts";
import { catchInterrupt, quoted } from "./train-and-save.ts";
import { type TrainOptions, trainSchema } from "./train-options.ts";
import { type NewJob, newJob, type SharedWork, shareWork } from "./training-job.ts";
import { candidateKey, readTrials, type Trial, writeTrials } from "./trials-file.ts";
import { type TuneModelOptions, tuneModelDefaults, tuneModelFlags, tuneModelSchema } from "./tune-model-options.ts";

const examples = `
Examples:
  $ polymind tune-model --interactions ratings.csv --minutes 60 --json trials.json
  $ polymind tune-model --interactions ratings.csv --try rate=1e-3,3e-3 --try interests=2,4,8 --search grid
  $ polymind tune-model --interactions ratings.csv --model-name wals --try confidence=2,5,20 --try regularisation=1,10

Trials are judged by HitRate@50 on the validation users alone; the test users stay untouched. Ctrl-C shows what is done; with
--json the same command goes on from there. (polymind tune is another thing: it measures kernels.)`;

/** `polymind tune-model` */
export function tuneModelCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("tune-model").description("Search the options with which a model learns a log best.");
  return addFlags(command, tuneModelFlags)
    .addHelpText("after", examples)
    .action(async (flags) => {
      const options: TuneModelOptions = await readOptions(tuneModelSchema, flags);
      finish(await tuneModel(options, createConsole(io, options.quiet ?? false)));
    });
}

async function tuneModel(options: TuneModelOptions, console: Console): Promise<number> {
  const { search = tuneModelDefaults.search, minutes = tuneModelDefaults.minutes, seed = 1, json } = options;
  const given = { ...within(options, trainSchema), json: undefined };
  const space = readSpace(options.try, options.modelName ?? defaultModel);
  if (space.size === 0) fail(`nothing to try: name options of ${options.modelName} and values with --try`);
  for (const key of space.keys())
    if (key in within(options, trainSchema)) fail(`${flagOf(key)}: --try has values for it, too; leave one out`);
  const { jobs, refusals } = planTrials(given, candidates(space, search, seed));
  const [first] = jobs;
  // What no combination mends is wrong with all.
  if (first === undefined) return fail(refusals[0]!);
  await ensureFile(json);
  const fixed = { ...describeSearch(first.job, given, space), search, try: Object.fromEntries(space) };
  const trials = await readTrials(json, fixed);
  if (trials.length > 0) console.note(`${trials.length} trials were done before, in ${json}`);
  if (refusals.length > 0) console.note(`${refusals.length} combinations do not fit and are left out: ${refusals[0]}`);

  const asked = jobs.slice(0, options.trials);
  const deadline = performance.now() + 60_000 * minutes;
  const { signal, release } = catchInterrupt(console, "finishing the step");
  const shared = shareWork();
  const adapterConsole = tellingOnce(console);
  const failures: string[] = [];
  let best = bestOf(trials);
  try {
    for (const [index, { candidate, job }] of asked.entries()) {
      if (signal.aborted || performance.now() >= deadline) break;
      if (trials.some((trial) => candidateKey(trial.options) === candidateKey(candidate))) continue;
      const title = `[${index + 1}/${asked.length}] ${describeCandidate(candidate)}`;
      try {
        const trial = await runTrial(
          candidate,
          job,
          { options, shared, signal, deadline, title, adapterConsole },
          console,
        );
        if (trial === undefined) break;
        trials.push(trial);
        const before = best;
        best = bestOf(trials);
        console.note(`${title}: ${describeTrial(trial)}${best === before ? "" : ", best so far"}`);
        await writeTrials(json, { search: fixed, trials });
      } catch (error) {
        // A rate that is too high says something, too; the others go on.
        if (!(error instanceof PolymindError)) throw error;
        failures.push(`${describeCandidate(candidate)}: ${error.message}`);
        console.error(`error: ${failures.at(-1)}`);
      }
    }
  } finally {
    release();
  }
  if (best === undefined) {
    if (failures.length > 0) fail("no trial came to its end");
    console.print(
      `${signal.aborted ? "interrupted" : "the time was over"} before the first pass was done; nothing is known`,
    );
    return signal.aborted ? 130 : 1;
  }
  const command = trainCommandLine(given, best.options);
  await writeTrials(json, { search: fixed, trials, best: { options: best.options, command } });
  console.print(describeTrials(trials, [...space.keys()]));
  const done = new Set(trials.map((trial) => candidateKey(trial.options)));
  const open = asked.filter(({ candidate }) => !done.has(candidateKey(candidate))).length - failures.length;
  if (open > 0)
    console.note(
      `${open} of ${asked.length} combinations are not tried${json ? "; the same command goes on from here" : ""}`,
    );
  console.print(`the best on the validation users: ${command}`);
  return signal.aborted ? 130 : 0;
}

/** The trials whose options fit each other, and why the others do not. */
function planTrials(given: TrainOptions, all: readonly Candidate[]) {
  const jobs: { readonly candidate: Candidate; readonly job: NewJob }[] = [];
  const refusals: string[] = [];
  for (const candidate of all) {
    try {
      jobs.push({ candidate, job: newJob({ ...given, ...candidate }) });
    } catch (error) {
      if (!(error instanceof PolymindError)) throw error;
      refusals.push(error.message);
    }
  }
  return { jobs, refusals };
}

/** All that does not vary, by which a file of trials is known again. */
function describeSearch(
  { spec, training }: NewJob,
  given: TrainOptions,
  space: ReadonlyMap<string, unknown>,
): Candidate {
  const { json: _, quiet: __, verbose: ___, adapter: ____, ...rest } = given;
  const all = { ...rest, ...shownModel(spec), ...training };
  return Object.fromEntries(Object.entries(all).filter(([key, value]) => !space.has(key) && value !== undefined));
}

interface TrialHelp {
  readonly options: TuneModelOptions;
  readonly shared: SharedWork;
  readonly signal: AbortSignal;
  readonly deadline: number;
  readonly title: string;
  /** Prints what is said of adapters, each once. */
  readonly adapterConsole: Console;
}

/** Trains once; undefined where that ended before the first pass was validated, or by Ctrl-C. */
async function runTrial(
  candidate: Candidate,
  job: NewJob,
  { options, shared, signal, deadline, title, adapterConsole }: TrialHelp,
  console: Console,
): Promise<Trial | undefined> {
  const { dataset } = await job.prepare(console, shared);
  const engine = await startEngine(adapterFor(job.spec, options.adapter), adapterConsole);
  const view = showTraining(silent(console), job.training.epochs, `${title}: `);
  const { onStep, onEpoch } = view;
  const fitting = showFitting(console, `${title}: `);
  const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now())));
  const { itemVectors } = shared;
  const until = AbortSignal.any([signal, timeout]);
  const hooks = { onPretraining: fitting.report, onStep, onEpoch, itemVectors, signal: until };
  try {
    const { progress, interrupted } = await train(engine, job.spec, dataset, job.training, hooks);
    const { history, bestEpoch } = progress;
    if (signal.aborted || bestEpoch === undefined) return undefined;
    return {
      options: { ...candidate },
      validation: history[bestEpoch]!.validation.map((metrics) => ({ ...metrics })),
      bestEpoch,
      passes: history.length,
      seconds: history.reduce((sum, { seconds }) => sum + seconds, 0),
      isWhole: !interrupted,
    };
  } finally {
    fitting.stop();
    view.stop();
    engine.dispose();
  }
}

const scoreOf = ({ validation }: Trial): number => validation.find(({ at }) => at === 50)?.hitRate ?? 0;

function bestOf(trials: readonly Trial[]): Trial | undefined {
  return trials.toSorted((a, b) => scoreOf(b) - scoreOf(a))[0];
}

function describeTrial({ validation, bestEpoch, passes, seconds, isWhole }: Trial): string {
  const hitRates = validation.map(({ at, hitRate }) => `HitRate@${at} ${showMetric(hitRate)}`).join(", ");
  const end = isWhole ? "" : ", cut short by --minutes";
  return `validation ${hitRates} after pass ${bestEpoch + 1} of ${passes}, ${seconds.toFixed(1)} s${end}`;
}

/** All trials, the best first. */
function describeTrials(trials: readonly Trial[], keys: readonly string[]): string {
  const cutoffs = trials[0]!.validation.map(({ at }) => `HitRate@${at}`);
  const table = createTable(["", ...keys.map((key) => flagOf(key).slice(2)), ...cutoffs, "NDCG@50", "best pass", "s"]);
  for (const [index, trial] of trials.toSorted((a, b) => scoreOf(b) - scoreOf(a)).entries()) {
    const { options, validation, bestEpoch, passes, seconds, isWhole } = trial;
    const ndcg = validation.find(({ at }) => at === 50)?.ndcg ?? 0;
    table.push([
      index + 1,
      ...keys.map((key) => showValue(options[key])),
      ...validation.map(({ hitRate }) => showMetric(hitRate)),
      showMetric(ndcg),
      `${bestEpoch + 1} of ${passes}${isWhole ? "" : ", cut short"}`,
      seconds.toFixed(1),
    ]);
  }
  return table.toString();
}

/** What trains the best model, to be pasted into a shell. */
function trainCommandLine(given: TrainOptions, best: Candidate): string {
  const { json: _, quiet: __, verbose: ___, ...rest } = given;
  const words = Object.entries({ ...rest, ...best }).flatMap(([key, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [flagOf(key)] : [flagOf(key), quoted(showValue(value))];
  });
  return ["npx polymind train", ...words, "--out model/"].join(" ");
}
