import { Command } from "commander";
import { z } from "zod";
import { plantedLog } from "../data/planted.ts";
import { modelSpec } from "../models/registry.ts";
import { ensureFile, writeJsonFile } from "../storage/json-file.ts";
import { trainingDefaults } from "../training/options.ts";
import { type Console, createConsole, type Io } from "./io.ts";
import { startEngine } from "./judging.ts";
import { createTable } from "./metrics-table.ts";
import { addFlags, commonFlags, commonSchema, readOptions } from "./options.ts";
import { type PlantedResult, plantedContest, showShare } from "./planted-contest.ts";

/** What the demo plants, and the size at which it ends in a minute on two cores. */
const planted = { users: 1500, items: 800, topics: 80, interestsPerUser: [2, 4], length: [12, 30] } as const;

/** The same for both models, as far as they have it. */
const sizes = { dimension: 16, length: 20, hiddenLayers: [32] } as const;
/** The planted users have no order, so MIND is the paper's. */
const routing = { interests: 4, interestRule: "log2", recentBehaviours: 0 } as const;
const training = { epochs: 2, batch: 256, negatives: 500, scoring: "best", rate: 0.02 } as const;

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
    const join = plantedContest(engine, log, cutoffs, console);
    const trained = { ...trainingDefaults, ...training, epochs, patience: epochs, seed };
    const spec = <Name extends "youtube-dnn" | "mind">(name: Name) => modelSpec(name, { ...sizes, ...routing, seed });
    const { test, ...single } = await join({ name: "single vector", spec: spec("youtube-dnn"), training: trained });
    const { test: _, ...mind } = await join({ name: "MIND", spec: spec("mind"), training: trained });
    const popular = { name: "most popular", metrics: test.mostPopular, recovered: null, matchedCosine: null };
    const contestants = [popular, single, mind];
    console.print(describeContest(contestants));
    console.print(conclude(single, mind, epochs));
    await writeJsonFile(options.json, { adapter: engine.description.name, seed, epochs, users, contestants });
  } finally {
    engine.dispose();
  }
}

function describeContest(contestants: readonly PlantedResult[]): string {
  const table = createTable(["", ...cutoffs.map((at) => `HitRate@${at}`), "planted interests recovered"]);
  for (const { name, metrics, recovered } of contestants) {
    table.push([name, ...metrics.map(({ hitRate }) => hitRate.toFixed(3)), showShare(recovered)]);
  }
  return table.toString();
}

function conclude(single: PlantedResult, mind: PlantedResult, epochs: number): string {
  const ratio = mind.metrics[0]!.hitRate / single.metrics[0]!.hitRate;
  const budget = `with the same ${epochs === 1 ? "epoch" : `${epochs} epochs`}, dimension and layers`;
  const point =
    ratio > 1
      ? `One vector cannot be near several topics at once: ${budget}, MIND's capsules find the next item ${ratio.toFixed(1)} times as often in the top ${cutoffs[0]}`
      : `Here a single vector did as well as MIND (${budget})`;
  return `${point}. Next, your own log: npx polymind train --interactions FILE --out model/ (see npx polymind train --help).`;
}
