import type { EvaluationUsers } from "../data/split.ts";
import { describeDevice } from "../device/adapter.ts";
import type { Engine } from "../engine.ts";
import { createEngine } from "../engine.ts";
import type { TunedChoice } from "../graph/tuning.ts";
import type { ModelSpec } from "../models/registry.ts";
import type { Dataset } from "../training/dataset.ts";
import { type Judgement, type JudgeOptions, judge, judgeMostPopular } from "../training/judge.ts";
import type { TestResult } from "../training/model-folder-schema.ts";
import { type Arrays, restore } from "../training/trainer.ts";
import type { Console } from "./io.ts";

/** Makes an engine and says once what it runs on. */
export async function startEngine(
  adapter: "auto" | "hardware" | "software" | "swiftshader" | "cpu" | undefined,
  { note }: Console,
  tuning: readonly TunedChoice[] = [],
): Promise<Engine> {
  const engine = await createEngine({ adapter: adapter ?? "auto", tuning });
  const { description } = engine;
  note(description.kind === "cpu" ? `adapter: ${description.name}` : describeDevice(description));
  return engine;
}

/** The cutoffs of the tables. */
export const standardCutoffs = [10, 50, 100] as const;

/** Judges saved parameters on test users, with the most popular items beside them. */
export async function judgeArrays(
  engine: Engine,
  arrays: Arrays,
  spec: ModelSpec,
  dataset: Dataset,
  evaluated: EvaluationUsers,
  options: { readonly at: readonly number[]; readonly includeSeen: boolean } & Pick<JudgeOptions, "lists">,
): Promise<{ readonly test: TestResult; readonly judgement: Judgement }> {
  const parameters = engine.createParameters();
  restore(parameters, arrays);
  const judgement = await judge(engine, parameters, spec, dataset, evaluated, options);
  const { users, metrics, interestCosine, alike, activeInterests, interestsInUse } = judgement;
  const mostPopular = judgeMostPopular(dataset, evaluated, options);
  const test: TestResult = {
    users,
    includeSeen: options.includeSeen,
    model: [...metrics],
    mostPopular: [...mostPopular],
    interestCosine,
    alike,
    activeInterests,
    interestsInUse,
  };
  return { test, judgement };
}
