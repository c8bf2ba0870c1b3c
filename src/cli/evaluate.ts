import { Command } from "commander";
import { z } from "zod";
import type { EvaluationUsers } from "../data/split.ts";
import { fail } from "../errors.ts";
import { ensureJsonFile, writeJsonFile } from "../storage/json-file.ts";
import type { Dataset } from "../training/dataset.ts";
import { datasetOf, loadModel, type StoredModel } from "../training/model-folder.ts";
import { type DataDescription, splitLog } from "../training/model-folder-data.ts";
import { columnFlags, dataSchema, readLog, splitFlags } from "./data-options.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { judgeArrays, standardCutoffs, startEngine } from "./judging.ts";
import { describeTest } from "./metrics-table.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions, within } from "./options.ts";
import { adoptLog } from "./other-log.ts";

const { split, validationShare, testShare, historyShare } = dataSchema;
const splitSchema = { split, validationShare, testShare, historyShare };
const { interactions, user, item, time, inFileOrder, format, columnNames, minimumUserCount, minimumItemCount } =
  dataSchema;
const logSchema = {
  interactions,
  user,
  item,
  time,
  inFileOrder,
  format,
  columnNames,
  minimumUserCount,
  minimumItemCount,
};

const schema = {
  ...logSchema,
  ...splitSchema,
  ...commonSchema,
  model: z.string().min(1),
  at: z.array(z.number().int().min(1)).min(1),
  includeSeen: z.boolean(),
};

type EvaluateOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const ownFlags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  { key: "at", value: "numbers", description: "cutoffs N of the metrics", standard: standardCutoffs },
  { key: "includeSeen", description: "leave items that a user has had in the ranking" },
  {
    key: "interactions",
    value: "file",
    description: "another log with the same ids; default: the test users of the log it was trained on",
  },
];

/** The split is the trained one unless another is asked for, so no default is shown. */
const ownSplitFlags = splitFlags.map(({ standard: _, ...flag }) => flag);

const examples = `
Examples:
  $ polymind evaluate --model model/
  $ polymind evaluate --model model/ --at 10,50,100 --json metrics.json
  $ polymind evaluate --model model/ --interactions next-week.csv --split share-of-users --test-share 1 --validation-share 0

Data options matter with --interactions alone; the split is the one the model was trained with unless another is named.`;

/** `polymind evaluate` */
export function evaluateCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("evaluate").description(
    "Judge a model: the whole catalogue is ranked for every test user.",
  );
  return addFlags(command, [...ownFlags, ...columnFlags, ...ownSplitFlags, ...commonFlags])
    .addHelpText("after", examples)
    .action(async (flags) => {
      const options: EvaluateOptions = await readOptions(schema, flags);
      await evaluate(options, createConsole(io, options.quiet ?? false));
      finish(0);
    });
}

async function evaluate(options: EvaluateOptions, console: Console): Promise<void> {
  const folder = options.model ?? fail("no model to judge: name its folder with --model DIR");
  await ensureJsonFile(options.json);
  const model = await loadModel(folder);
  const { dataset, evaluated } = await usersToJudge(model, options, console);
  if (evaluated.users.length === 0)
    fail("no user can be judged: leave-one-out needs users with 3 interactions, share-of-users a --test-share above 0");
  const engine = await startEngine(options.adapter, console, model.tuning);
  try {
    const judging = {
      at: options.at ?? standardCutoffs,
      includeSeen: options.includeSeen ?? model.training.includeSeen,
    };
    const { test } = await judgeArrays(engine, model.parameters, model.spec, dataset, evaluated, judging);
    for (const line of describeTest(model.spec.name, test)) console.print(line);
    await writeJsonFile(options.json, { folder, adapter: engine.description.name, ...test });
  } finally {
    engine.dispose();
  }
}

/** The test users of the log that the model was trained on, or of another. What is popular is always said by the training part. */
async function usersToJudge(
  model: StoredModel,
  options: EvaluateOptions,
  console: Console,
): Promise<{ readonly dataset: Dataset; readonly evaluated: EvaluationUsers }> {
  const split = within(options, splitSchema);
  const data: DataDescription = { ...model.data, ...split };
  const trained = datasetOf(model);
  if (options.interactions === undefined) {
    if (isOtherSplit(data, model.data)) {
      console.note("note: the model was trained with another split, so it may have seen what it is judged by");
    }
    return { dataset: trained, evaluated: splitLog(model.log, data, model.training.seed).test };
  }
  const other = adoptLog(await readLog({ ...data, ...within(options, logSchema) }, console), model, console);
  const evaluated = splitLog(other.sequences, data, model.training.seed).test;
  return { dataset: { ...trained, userFeatures: other.userFeatures }, evaluated };
}

function isOtherSplit(asked: DataDescription, trained: DataDescription): boolean {
  return (Object.keys(splitSchema) as (keyof typeof splitSchema)[]).some((key) => asked[key] !== trained[key]);
}
