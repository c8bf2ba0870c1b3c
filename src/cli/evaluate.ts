import { Command } from "commander";
import type { EvaluationUsers } from "../data/split.ts";
import { fail } from "../errors.ts";
import { categoriesOf, type ItemCategories } from "../evaluation/categories.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import type { Dataset } from "../training/dataset.ts";
import { datasetOf, loadModel, type StoredModel } from "../training/model-folder.ts";
import { completeProtocol, judgingProtocol, type Protocol, protocolSchema, splitLog } from "../training/protocol.ts";
import { readItemFeatures, readLog } from "./data-options.ts";
import { type EvaluateOptions, evaluateFlags, evaluateSchema, otherLogSchema } from "./evaluate-options.ts";
import { keepLists } from "./evaluation-lists.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { adapterFor, judgeArrays, standardCutoffs, startEngine } from "./judging.ts";
import { accuracyMetrics, describeTest, isListMetric } from "./metrics-table.ts";
import { addFlags, readOptions, within } from "./options.ts";
import { adoptLog } from "./other-log.ts";
import { showCounts } from "./progress.ts";
import { checkProtocol, requireUsers } from "./protocol-options.ts";

const examples = `
Examples:
  $ polymind evaluate --model model/
  $ polymind evaluate --model model/ --at 10,50,100 --json metrics.json
  $ polymind evaluate --model model/ --metrics hit-rate,ndcg,coverage,diversity --item-features movies.dat.gz --category column2
  $ polymind evaluate --model model/ --predictions top.csv --targets held-out.csv
  $ polymind evaluate --model model/ --interactions next-week.csv --protocol users --test-share 1 --validation-share 0

Data options matter with --interactions alone; the protocol is the one the model was trained with unless another is named.`;

/** `polymind evaluate` */
export function evaluateCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("evaluate").description(
    "Judge a model: the whole catalogue is ranked for every test user.",
  );
  return addFlags(command, evaluateFlags)
    .addHelpText("after", examples)
    .action(async (flags) => {
      const options: EvaluateOptions = await readOptions(evaluateSchema, flags);
      await evaluate(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
}

async function evaluate(options: EvaluateOptions, console: Console): Promise<void> {
  const folder = options.model ?? fail("no model to judge: name its folder with --model DIR");
  await ensureFile(options.json);
  const model = await loadModel(folder);
  const { metrics = accuracyMetrics, at = standardCutoffs } = options;
  const includeSeen = options.includeSeen ?? model.training.includeSeen;
  const categories = metrics.includes("diversity") ? await itemCategories(model, options, console) : undefined;
  const { dataset, evaluated, userIds } = await usersToJudge(model, options, console);
  const engine = await startEngine(adapterFor(model.spec, options.adapter), console, model.tuning);
  const keeper = await keepLists(
    { ...options, at, includeSeen, isMeasured: metrics.some(isListMetric), categories },
    dataset,
    evaluated,
    { userIds, itemIds: model.log.itemIds },
  );
  try {
    const judging = { at, includeSeen, lists: keeper.lists, onProgress: showCounts(console, "users judged") };
    const { test } = await judgeArrays(engine, model.parameters, model.spec, dataset, evaluated, judging);
    const lists = await keeper.finish();
    const result = { ...test, ...(lists && { lists }) };
    for (const line of describeTest(model.spec.name, result, metrics)) console.print(line);
    await writeJsonFile(options.json, { folder, adapter: engine.description.name, ...result });
  } finally {
    await keeper.abandon();
    engine.dispose();
  }
}

/** The test users of the log that the model was trained on, or of another. What is popular is always said by the training part. */
async function usersToJudge(
  model: StoredModel,
  options: EvaluateOptions,
  console: Console,
): Promise<{ readonly dataset: Dataset; readonly evaluated: EvaluationUsers; readonly userIds: readonly string[] }> {
  const protocol = judgingProtocol(within(model.data, protocolSchema), within(options, protocolSchema));
  checkProtocol(protocol);
  const trained = datasetOf(model);
  const other =
    options.interactions === undefined
      ? undefined
      : adoptLog(await readLog({ ...model.data, ...within(options, otherLogSchema) }, console), model, console);
  const log = other?.sequences ?? model.log;
  const asked = completeProtocol(log, protocol);
  if (other === undefined && isOther(asked, model)) {
    console.note("note: the model was trained with another protocol, so it may have seen what it is judged by");
  }
  const evaluated = splitLog(log, asked, model.training.seed).test;
  requireUsers(evaluated, asked);
  const { userFeatures, userIds } = other ?? { ...model, userIds: model.log.userIds };
  return { dataset: { ...trained, userFeatures }, evaluated, userIds };
}

function isOther(asked: Protocol, { log, data }: StoredModel): boolean {
  const trained = completeProtocol(log, data);
  return (Object.keys(protocolSchema) as (keyof Protocol)[]).some((key) => asked[key] !== trained[key]);
}

/** The categories that diversity speaks of: of the file that is named, or of the features that the model was trained with. */
async function itemCategories(model: StoredModel, options: EvaluateOptions, console: Console): Promise<ItemCategories> {
  const { category, itemFeatures: path, itemFeaturesKey, featureSeparator = model.data.featureSeparator } = options;
  if (path === undefined) {
    const known = model.itemFeatures ?? fail("diversity needs categories of items: name a file with --item-features");
    return categoriesOf(known, category);
  }
  const itemFeaturesColumns = category === undefined ? undefined : [category];
  const data = { ...model.data, itemFeatures: path, itemFeaturesKey, itemFeaturesColumns, featureSeparator };
  return categoriesOf((await readItemFeatures(data, model.log.itemIds, console))!, category);
}
