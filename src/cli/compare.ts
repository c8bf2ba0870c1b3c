import { basename, join } from "node:path";
import { Command } from "commander";
import { fail, PolymindError } from "../errors.ts";
import { modelDefaults, modelNames } from "../models/registry.ts";
import { type ComparedModel, type ComparedRun, type Comparison, summarise } from "../report/comparison.ts";
import { type InterestMap, type MapModel, type MapPlan, mapModel, planMap } from "../report/interest-map.ts";
import { drawReport } from "../report/page.ts";
import { publishedResults } from "../report/published.ts";
import { explainFailure, nodeDisk } from "../storage/disk.ts";
import { ensureFile, writeJsonFile, writeTextFile } from "../storage/json-file.ts";
import { dataDefaults } from "../training/model-folder-data.ts";
import { drawsByChance, protocolSchema } from "../training/protocol.ts";
import { type CompareOptions, compareFlags, compareSchema } from "./compare-options.ts";
import { type FinishedRun, finishRun, type Look, type Run } from "./compare-run.ts";
import { type Contestant, contestants, hasOption } from "./contestants.ts";
import { type Console, createConsole, type Io, tellingOnce } from "./io.ts";
import { readCatalogue } from "./item-catalogue.ts";
import { standardCutoffs } from "./judging.ts";
import { describeComparison } from "./leaderboard.ts";
import { shownModel } from "./model-options.ts";
import { addFlags, readOptions, within } from "./options.ts";
import { catchInterrupt } from "./train-and-save.ts";
import { trainSchema } from "./train-options.ts";
import { newJob, shareWork } from "./training-job.ts";

const examples = `
Examples:
  $ polymind compare --models mind,comirec-sa,youtube-dnn,wals,most-popular --interactions ratings.csv --seeds 3 --report report.html
  $ polymind compare --models mind,single=mind --set single.interests=1 --interactions ratings.csv --out runs/
  $ polymind compare --models mind,wals --interactions ratings.dat.gz --catalogue movies.dat.gz --category column2 --title column1

Every model is trained by the same options where it has them, and judged by the same held-out items. Ctrl-C finishes the
step and shows what is done; with --out the same command goes on from there.`;

/** `polymind compare` */
export function compareCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("compare").description("Train several models on a log and compare them.");
  return addFlags(command, compareFlags)
    .addHelpText("after", examples)
    .action(async (flags) => {
      const options: CompareOptions = await readOptions(compareSchema, flags);
      finish(await compare(options, createConsole(io, options.quiet ?? false)));
    });
}

async function compare(options: CompareOptions, console: Console): Promise<number> {
  const { models = fail(`no models to compare: name them with --models, of ${modelNames.join(", ")}`) } = options;
  const { at = standardCutoffs, out, adapter } = options;
  const common = within(options, trainSchema);
  const all = contestants(models, { ...common, out: undefined, json: undefined }, options.set);
  const runs = planRuns(all, options);
  await ensureFile(options.report);
  await ensureFile(options.json);
  if (out !== undefined) await ensureFolder(out);

  const { job } = runs[0]!;
  const shared = shareWork();
  const { source, dataset } = await job.prepare(console, shared);
  const catalogue = await readCatalogue(options, source.data, source.log.itemIds, source.itemFeatures, console);
  const { titles, categories } = catalogue;
  const names = { titles, userIds: source.log.userIds, categoryNames: categories?.names ?? [] };
  const plan = options.report === undefined ? undefined : planMap(dataset, names, categories);
  const maps: MapModel[] = [];
  const { signal, release } = catchInterrupt(console, "finishing the step");
  const finished = new Map<string, FinishedRun[]>();
  const failures: string[] = [];
  const settings = { at, adapter, signal, out, adapterConsole: tellingOnce(console) };
  try {
    for (const run of runs) {
      if (signal.aborted) break;
      try {
        const look: Look = async (engine, learned, own) => {
          if (plan === undefined || maps.some(({ label }) => label === run.label)) return;
          const map = await mapModel(run.label, plan, engine, learned, run.job.spec, own);
          if (map !== undefined) maps.push(map);
        };
        const done = await finishRun(run, { shared, categories, look }, settings, console);
        if (done === undefined) break;
        finished.set(run.label, [...(finished.get(run.label) ?? []), done]);
        console.note(`${run.title}: ${describeRun(done.result)}`);
      } catch (error) {
        // What the other runs bring is not lost by one that fails.
        if (!(error instanceof PolymindError)) throw error;
        failures.push(`${run.label}, seed ${run.seed}: ${error.message}`);
        console.error(`error: ${failures.at(-1)}`);
      }
    }
  } finally {
    release();
  }
  if (finished.size === 0) {
    if (failures.length > 0) fail("no run came to its end");
    console.print(`interrupted before the first run was done${howToGoOn(out)}`);
    return 130;
  }
  const map = plan === undefined || maps.length === 0 ? undefined : shownMap(plan, maps);
  const comparison: Comparison = { ...compose(all, finished, source, at), map };
  for (const line of describeComparison(comparison)) console.print(line);
  await writeJsonFile(options.json, comparison);
  if (options.report !== undefined) {
    await writeTextFile(options.report, await drawReport(comparison));
    console.note(`report: ${options.report}`);
  }
  const done = [...finished.values()].flat().length;
  if (done + failures.length < runs.length) {
    console.print(`interrupted: ${done} of ${runs.length} runs are done${howToGoOn(out)}`);
    return 130;
  }
  return failures.length > 0 ? 1 : 0;
}

/** A run for each seed; one alone where no seed can make a difference. */
function planRuns(all: readonly Contestant[], { seeds = 1, seed: first = 1, ...options }: CompareOptions): Run[] {
  const { protocol } = { ...dataDefaults, ...within(options, protocolSchema) };
  const runs = all.flatMap(({ label, name, options: own }) => {
    const count = "seed" in modelDefaults[name] || drawsByChance(protocol) ? seeds : 1;
    return Array.from({ length: count }, (_, index) => {
      const seed = first + index;
      return { label, seed, job: newJob({ ...own, seed }) };
    });
  });
  return runs.map((run, index) => {
    const seed = runs.filter(({ label }) => label === run.label).length > 1 ? `, seed ${run.seed}` : "";
    return { ...run, title: `[${index + 1}/${runs.length}] ${run.label}${seed}` };
  });
}

function compose(
  all: readonly Contestant[],
  finished: ReadonlyMap<string, readonly FinishedRun[]>,
  { log, data, training: { includeSeen } }: Pick<FinishedRun["source"], "log" | "data" | "training">,
  at: readonly number[],
): Comparison {
  const models = all.flatMap(({ label }): ComparedModel[] => {
    const runs = finished.get(label) ?? [];
    if (runs.length === 0) return [];
    const { source } = runs[0]!;
    const { seed: _, ...whole } = source.training;
    const training = Object.fromEntries(Object.entries(whole).filter(([key]) => hasOption(source.spec.name, key)));
    const { seed: __, ...options } = shownModel(source.spec);
    const results = runs.map(({ result }) => result);
    return [{ label, options, training, runs: results, summary: summarise(results) }];
  });
  const described = {
    name: basename(data.interactions ?? "log"),
    users: log.userCount,
    items: log.itemCount,
    interactions: log.items.length,
    protocol: within(data, protocolSchema),
    includeSeen,
  };
  return {
    date: new Date().toISOString(),
    adapter: adapterOf(finished),
    log: described,
    at,
    models,
    published: publishedResults(described),
  };
}

/** The map without what only its making needed. */
function shownMap({ items, categories, users }: MapPlan, models: readonly MapModel[]): InterestMap {
  return { items, categories, users, models };
}

/** What the models were trained on: a GPU, where any was. */
function adapterOf(finished: ReadonlyMap<string, readonly FinishedRun[]>): string {
  const names = new Set([...finished.values()].flat().map(({ source }) => source.adapter));
  return [...names].join("; ");
}

function describeRun({ history, test }: ComparedRun): string {
  const hitRates = test.metrics.map(({ at, hitRate }) => `HitRate@${at} ${hitRate.toFixed(4)}`).join(", ");
  const seconds = history.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const passes = `${history.length} ${history.length === 1 ? "pass" : "passes"}`;
  return `test ${hitRates} after ${passes} in ${seconds.toFixed(1)} s`;
}

const howToGoOn = (out: string | undefined): string =>
  out === undefined ? "; with --out they would be kept" : "; the same command goes on from here";

async function ensureFolder(path: string): Promise<void> {
  try {
    await nodeDisk.makeFolder(path);
    await ensureFile(join(path, "probe"));
  } catch (error) {
    explainFailure(error, `cannot keep models in ${path}`);
  }
}
