import { Command } from "commander";
import { z } from "zod";
import { plantedLog } from "../data/planted.ts";
import { fail } from "../errors.ts";
import { isFitted } from "../models/registry.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { checkTraining } from "../training/check-training.ts";
import { trainingOf } from "../training/presets.ts";
import { type Contestant, contestants, hasOption } from "./contestants.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { startEngine } from "./judging.ts";
import { createTable } from "./metrics-table.ts";
import { givenModel, modelFlags, modelSchema, trainingSchema } from "./model-options.ts";
import { addFlags, commonFlags, commonSchema, type Flag, readOptions, within } from "./options.ts";
import { type PlantedEntry, type PlantedResult, plantedContest, showShare } from "./planted-contest.ts";
import type { TrainOptions } from "./train-options.ts";

const standardModels = ["mind", "comirec-dr", "comirec-sa", "remi", "maxmf", "youtube-dnn"];
const standardTopics = [1, 2, 4, 6, 8];

/** The log: enough topics that a user's say little of each other, and behaviours for eight of them. */
const planted = { items: 2400, topics: 80, length: [16, 24] } as const;

/** What the models begin with here; no order is planted, and K is the same for everybody. */
const standards: TrainOptions = {
  dimension: 16,
  length: planted.length[1],
  interests: 8,
  interestRule: "fixed",
  hiddenLayers: [32],
  recentBehaviours: 0,
  epochs: 4,
  batch: 256,
  negatives: 500,
  rate: 0.02,
  rateHalfLife: 0,
};

const { modelName: _name, preset: _preset, ...modelOptions } = modelSchema;

const schema = {
  ...modelOptions,
  ...trainingSchema,
  ...commonSchema,
  models: z.array(z.string().min(1)).min(1),
  set: z.array(z.string().min(1)).min(1),
  topics: z.array(z.number().int().min(1).max(planted.length[0])).min(1),
  users: z.number().int().min(10),
};

type PlantedOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

const ownFlags: readonly Flag[] = [
  {
    key: "models",
    value: "names",
    description: "trained models, or label=name, separated by commas; each option goes to all models that have it",
    standard: standardModels,
  },
  {
    key: "set",
    value: "options",
    description: "options of one model alone, like mind.similarity=cosine",
    isRepeatable: true,
  },
  {
    key: "topics",
    value: "numbers",
    description: "topics that each user likes, a log for each",
    standard: standardTopics,
  },
  { key: "users", value: "number", description: "users of each log", standard: 1500 },
];

const flags: readonly Flag[] = [
  ...ownFlags,
  ...modelFlags
    .filter(({ key }) => key in schema)
    .map((flag) => (flag.key in standards ? { ...flag, standard: standards[flag.key as keyof TrainOptions] } : flag)),
  ...commonFlags,
];

/** `polymind planted` */
export function plantedCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("planted").description(
    `Train models on generated logs whose users like a known number of ${planted.topics} topics, and count the topics that their interests point to.`,
  );
  return addFlags(command, flags).action(async (given) => {
    const options: PlantedOptions = await readOptions(schema, given);
    await compareOnPlanted(options, createConsole(io, options.quiet ?? false));
    finish(0);
  });
}

interface Row {
  readonly name: string;
  readonly results: (Omit<PlantedResult, "name"> & { readonly topics: number })[];
}

async function compareOnPlanted(options: PlantedOptions, console: Console): Promise<void> {
  const { models = standardModels, topics: counts = standardTopics, users = 1500, seed = 1 } = options;
  const shared = within(options, { ...modelOptions, ...trainingSchema });
  const entries = contestants(models, shared, options.set).map((contestant) => entryOf(contestant, seed));
  const rows: Row[] = entries.map(({ name }) => ({ name, results: [] }));
  await ensureFile(options.json);
  const engine = await startEngine(options.adapter, console);
  try {
    for (const count of counts) {
      const log = plantedLog({ ...planted, users, interestsPerUser: [count, count], seed });
      const join = plantedContest(engine, log, [10, 50], console);
      for (const [index, entry] of entries.entries()) {
        const label = `${count} ${count === 1 ? "topic" : "topics"}, ${entry.name}`;
        const { name: _, test: __, ...result } = await join({ ...entry, name: label });
        rows[index]!.results.push({ topics: count, ...result });
        console.note(`${label}: ${showShare(result.recovered)} recovered`);
      }
    }
    console.print(describe(rows, counts));
    await writeJsonFile(options.json, { adapter: engine.description.name, seed, users, models: rows });
  } finally {
    engine.dispose();
  }
}

function entryOf({ label, name, options: given }: Contestant, seed: number): PlantedEntry {
  const options = {
    ...Object.fromEntries(Object.entries(standards).filter(([key]) => hasOption(name, key))),
    ...given,
  };
  const spec = givenModel(within(options, modelSchema), seed);
  if (isFitted(spec)) fail(`--models ${label}: ${name} makes no interests; name models that are trained`);
  const training = { ...trainingOf(spec), ...within(options, trainingSchema), seed };
  checkTraining(spec, training);
  return { name: label, spec, training: { ...training, patience: training.epochs } };
}

function describe(rows: readonly Row[], counts: readonly number[]): string {
  const table = createTable(["topics of a user", ...counts.map(String)]);
  for (const { name, results } of rows) {
    table.push([
      name,
      ...results.map(({ recovered, matchedCosine }) => `${showShare(recovered)} (${matchedCosine?.toFixed(2) ?? "-"})`),
    ]);
  }
  return `topics recovered (cosine of each with its own interest)\n${table}`;
}
