import { Command } from "commander";
import { z } from "zod";
import { type PlantedLog, plantedLog } from "../data/planted.ts";
import { concatenateLists } from "../data/sequences.ts";
import { leaveOneOut } from "../data/split.ts";
import type { Engine } from "../engine.ts";
import type { RankingMetrics } from "../evaluation/metrics.ts";
import { recoveredInterests, topicCentroids } from "../evaluation/planted.ts";
import { type ModelName, modelSpec } from "../models/registry.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { createDataset, type Dataset } from "../training/dataset.ts";
import type { TestResult } from "../training/model-folder-schema.ts";
import { type TrainingOptions, trainingDefaults } from "../training/options.ts";
import { train } from "../training/trainer.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { judgeArrays, startEngine } from "./judging.ts";
import { createTable } from "./metrics-table.ts";
import { addFlags, commonFlags, commonSchema, readOptions } from "./options.ts";
import { showTraining } from "./progress.ts";

/** What the demo plants, and the size at which it ends in a minute on two cores. */
const planted = { users: 1500, items: 800, topics: 80, interestsPerUser: [2, 4], length: [12, 30] } as const;

/** The same for both models. */
const sizes = { dimension: 16, length: 20, hiddenLayers: [32] } as const;
/** The planted users have no order, so MIND is the paper's. */
const routing = { interests: 4, interestRule: "log2", recentBehaviours: 0 } as const;
const training = { epochs: 4, batch: 256, negatives: 500, scoring: "best", rate: 0.02 } as const;

const cutoffs = [10, 50];

const schema = {
  ...commonSchema,
  seed: z.number().int().min(0),
  epochs: z.number().int().min(1),
  users: z.number().int().min(10),
};

type DemoOptions = Partial<z.infer<z.ZodObject<typeof schema>>>;

/** `polymind demo` */
export function demoCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command("demo").description(
    "Train MIND and a single-vector baseline on users with known interests, and compare them.",
  );
  const flags = [
    { key: "seed", value: "number", description: "seed of the log and of both models", standard: 1 },
    {
      key: "epochs",
      value: "number",
      description: "passes over the log, the same for both models",
      standard: training.epochs,
    },
    { key: "users", value: "number", description: "users of the log", standard: planted.users },
    ...commonFlags,
  ];
  return addFlags(command, flags).action(async (given) => {
    const options: DemoOptions = await readOptions(schema, given);
    await demo(options, createConsole(io, options.quiet ?? false));
    finish(0);
  });
}

/** One row of the table. */
interface Contestant {
  readonly name: string;
  readonly metrics: readonly RankingMetrics[];
  readonly recovered: number | null;
}

async function demo(options: DemoOptions, console: Console): Promise<void> {
  const { seed = 1, epochs = training.epochs, users = planted.users } = options;
  await ensureFile(options.json);
  const engine = await startEngine(options.adapter, console);
  try {
    const log = plantedLog({ ...planted, users, seed });
    const { topics, interestsPerUser } = planted;
    console.note(
      `a generated log: ${log.items.length.toLocaleString("en-US")} interactions of ${users} users with ${log.itemCount} items of ${topics} topics; each user likes ${interestsPerUser.join(" to ")} topics that nobody tells the models`,
    );
    const dataset = createDataset(leaveOneOut(log));
    const task: Task = {
      engine,
      log,
      dataset,
      training: { ...trainingDefaults, ...training, epochs, patience: epochs, seed },
      console,
    };
    const single = await contest("youtube-dnn", "single vector", task);
    const mind = await contest("mind", "MIND", task);
    const popular: Contestant = { name: "most popular", metrics: single.test.mostPopular, recovered: null };
    const contestants = [popular, single.contestant, mind.contestant];
    console.print(describeContest(contestants));
    console.print(conclude(single.contestant, mind.contestant, epochs));
    await writeJsonFile(options.json, { adapter: engine.description.name, seed, epochs, users, contestants });
  } finally {
    engine.dispose();
  }
}

interface Task {
  readonly engine: Engine;
  readonly log: PlantedLog;
  readonly dataset: Dataset;
  readonly training: TrainingOptions;
  readonly console: Console;
}

/** Trains one model and judges it by the last item of each user and by the topics that its interests point to. */
async function contest(
  model: ModelName,
  name: string,
  task: Task,
): Promise<{ readonly contestant: Contestant; readonly test: TestResult }> {
  const { engine, log, dataset, training, console } = task;
  const spec = modelSpec(model, { ...sizes, ...(model === "mind" && routing), seed: training.seed });
  const view = showTraining(console, training.epochs, `${name}: `);
  const { best } = await train(engine, spec, dataset, training, view).finally(view.stop);
  const { test: evaluated } = dataset.split;
  const { test, judgement } = await judgeArrays(engine, best, spec, dataset, evaluated, {
    at: cutoffs,
    includeSeen: false,
  });
  const { interests, interestCounts } = judgement;
  const users = {
    values: interests,
    counts: interestCounts,
    interests: interests.length / evaluated.users.length / sizes.dimension,
    dimension: sizes.dimension,
  };
  const centroids = topicCentroids(best.get("items.embedding")!.data, log.topicOfItem, planted.topics);
  const truth = concatenateLists(Array.from(evaluated.users, (user) => log.interestsOfUser[user]!));
  return {
    test,
    contestant: { name, metrics: test.model, recovered: recoveredInterests(users, centroids, truth).share },
  };
}

function describeContest(contestants: readonly Contestant[]): string {
  const table = createTable(["", ...cutoffs.map((at) => `HitRate@${at}`), "planted interests recovered"]);
  for (const { name, metrics, recovered } of contestants) {
    const share = recovered === null ? "-" : `${(100 * recovered).toFixed(0)} %`;
    table.push([name, ...metrics.map(({ hitRate }) => hitRate.toFixed(3)), share]);
  }
  return table.toString();
}

function conclude(single: Contestant, mind: Contestant, epochs: number): string {
  const ratio = mind.metrics[0]!.hitRate / single.metrics[0]!.hitRate;
  const budget = `with the same ${epochs === 1 ? "epoch" : `${epochs} epochs`}, dimension and layers`;
  const point =
    ratio > 1
      ? `One vector cannot be near several topics at once: ${budget}, MIND's capsules find the next item ${ratio.toFixed(1)} times as often in the top ${cutoffs[0]}`
      : `Here a single vector did as well as MIND (${budget})`;
  return `${point}. Next, your own log: npx polymind train --interactions FILE --out model/ (see npx polymind train --help).`;
}
