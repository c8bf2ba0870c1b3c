import type { EvaluationUsers } from "../data/split.ts";
import { type AdapterChoice, describeDevice } from "../device/adapter.ts";
import type { Engine } from "../engine.ts";
import { createEngine } from "../engine.ts";
import type { TunedChoice } from "../graph/tuning.ts";
import type { Arrays } from "../models/arrays.ts";
import { isFitted, type ModelSpec } from "../models/registry.ts";
import type { Dataset } from "../training/dataset.ts";
import { type Judgement, type JudgeOptions, judge, judgeMostPopular } from "../training/judge.ts";
import type { TestResult } from "../training/model-folder-schema.ts";
import type { Console } from "./io.ts";

type Adapter = AdapterChoice | "cpu" | undefined;

/** The adapter to use for a model; one that is fitted needs none, so it runs where there is no GPU and no driver. */
export const adapterFor = (spec: ModelSpec, asked: Adapter): Adapter => (isFitted(spec) ? "cpu" : asked);

/** Makes an engine and says once what it runs on. */
export async function startEngine(
  adapter: Adapter,
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
  options: { readonly at: readonly number[]; readonly includeSeen: boolean } & Pick<
    JudgeOptions,
    "lists" | "onProgress"
  >,
): Promise<{ readonly test: TestResult; readonly judgement: Judgement }> {
  const judgement = await judge(engine, arrays, spec, dataset, evaluated, options);
  return { test: testResult(judgement, dataset, evaluated, options), judgement };
}

/** What a model folder keeps of a judgement, with the most popular items beside it. */
export function testResult(
  { users, metrics, interestCosine, alike, activeInterests, interestsInUse }: Judgement,
  dataset: Dataset,
  evaluated: EvaluationUsers,
  options: { readonly at: readonly number[]; readonly includeSeen: boolean },
): TestResult {
  return {
    users,
    includeSeen: options.includeSeen,
    model: [...metrics],
    mostPopular: [...judgeMostPopular(dataset, evaluated, options)],
    interestCosine,
    alike,
    activeInterests,
    interestsInUse,
  };
}
