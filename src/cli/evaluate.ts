import { Command } from "commander";
import { z } from "zod";
import type { EvaluationUsers } from "../data/split.ts";
import { fail } from "../errors.ts";
import { ensureJsonFile, writeJsonFile } from "../storage/json-file.ts";
import type { Dataset } from "../training/dataset.ts";
import { datasetOf, loadModel, type StoredModel } from "../training/model-folder.ts";
import { completeProtocol, judgingProtocol, type Protocol, protocolSchema, splitLog } from "../training/protocol.ts";
import { columnFlags, dataSchema, readLog } from "./data-options.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { judgeArrays, standardCutoffs, startEngine } from "./judging.ts";
import { describeTest } from "./metrics-table.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions, within } from "./options.ts";
import { adoptLog } from "./other-log.ts";
import { checkProtocol, protocolFlags, requireUsers } from "./protocol-options.ts";

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
  ...protocolSchema,
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

/** The protocol is the trained one unless another is asked for, so no default is shown. */
const ownProtocolFlags = protocolFlags.map(({ standard: _, ...flag }) => flag);

const examples = `
Examples:
  $ polymind evaluate --model model/
  $ polymind evaluate --model model/ --at 10,50,100 --json metrics.json
  $ polymind evaluate --model model/ --interactions next-week.csv --protocol users --test-share 1 --validation-share 0

Data options matter with --interactions alone; the protocol is the one the model was trained with unless another is named.`;

/** `polymind evaluate` */
export function evaluateCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("evaluate").description(
    "Judge a model: the whole catalogue is ranked for every test user.",
  );
  return addFlags(command, [...ownFlags, ...columnFlags, ...ownProtocolFlags, ...commonFlags])
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
  const protocol = judgingProtocol(within(model.data, protocolSchema), within(options, protocolSchema));
  checkProtocol(protocol);
  const trained = datasetOf(model);
  const other =
    options.interactions === undefined
      ? undefined
      : adoptLog(await readLog({ ...model.data, ...within(options, logSchema) }, console), model, console);
  const log = other?.sequences ?? model.log;
  const asked = completeProtocol(log, protocol);
  if (other === undefined && isOther(asked, model)) {
    console.note("note: the model was trained with another protocol, so it may have seen what it is judged by");
  }
  const evaluated = splitLog(log, asked, model.training.seed).test;
  requireUsers(evaluated, asked);
  return { dataset: other ? { ...trained, userFeatures: other.userFeatures } : trained, evaluated };
}

function isOther(asked: Protocol, { log, data }: StoredModel): boolean {
  const trained = completeProtocol(log, data);
  return (Object.keys(protocolSchema) as (keyof Protocol)[]).some((key) => asked[key] !== trained[key]);
}
