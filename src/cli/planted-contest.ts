import type { PlantedLog } from "../data/planted.ts";
import { concatenateLists } from "../data/sequences.ts";
import { leaveOneOut } from "../data/split.ts";
import type { Engine } from "../engine.ts";
import type { RankingMetrics } from "../evaluation/metrics.ts";
import { recoveredInterests, topicCentroids } from "../evaluation/planted.ts";
import type { TrainedSpec } from "../models/registry.ts";
import { itemTable, readVectors } from "../retrieval/item-table.ts";
import { createDataset } from "../training/dataset.ts";
import type { TestResult } from "../training/model-folder-schema.ts";
import type { TrainingOptions } from "../training/options.ts";
import { restored } from "../training/parameter-arrays.ts";
import { train } from "../training/trainer.ts";
import type { Console } from "./io.ts";
import { judgeArrays } from "./judging.ts";
import { showTraining } from "./progress.ts";

/** How well a model did on a log whose truth is known. */
export interface PlantedResult {
  readonly name: string;
  /** By the last item of each user. */
  readonly metrics: readonly RankingMetrics[];
  /** By the topics that a user's interests point to: see {@link recoveredInterests}; null for what has no interests. */
  readonly recovered: number | null;
  readonly matchedCosine: number | null;
}

export interface PlantedEntry {
  readonly name: string;
  readonly spec: TrainedSpec;
  readonly training: TrainingOptions;
}

/** Has models trained on a log with planted interests and judged by them, one after the other. */
export function plantedContest(engine: Engine, log: PlantedLog, at: readonly number[], console: Console) {
  const dataset = createDataset(leaveOneOut(log));
  const { test: evaluated } = dataset.split;
  const truth = concatenateLists(Array.from(evaluated.users, (user) => log.interestsOfUser[user]!));
  const topics = 1 + log.topicOfItem.reduce((most, topic) => Math.max(most, topic));
  return async ({ name, spec, training }: PlantedEntry): Promise<PlantedResult & { readonly test: TestResult }> => {
    const view = showTraining(console, training.epochs, `${name}: `);
    const { best } = await train(engine, spec, dataset, training, view).finally(view.stop);
    const options = { at, includeSeen: training.includeSeen };
    const { test, judgement } = await judgeArrays(engine, best, spec, dataset, evaluated, options);
    const { interests: values, interestCounts: counts } = judgement;
    const items = await readVectors(await itemTable(engine, { spec, log }, restored(engine, best)));
    const { dimension } = items;
    const interests = values.length / evaluated.users.length / dimension;
    const centroids = topicCentroids(items.values, log.topicOfItem, topics);
    const { share, cosine } = recoveredInterests({ values, counts, interests, dimension }, centroids, truth);
    return { name, metrics: test.model, recovered: share, matchedCosine: cosine, test };
  };
}

/** "83 %", or a dash where there is none. */
export const showShare = (share: number | null): string => (share === null ? "-" : `${(100 * share).toFixed(0)} %`);
