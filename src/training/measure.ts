import type { EvaluationUsers } from "../data/split.ts";
import type { Engine } from "../engine.ts";
import type { ItemCategories } from "../evaluation/categories.ts";
import { byHistoryLength, byPopularity, type GroupResult } from "../evaluation/groups.ts";
import { createListMeter, type ListMetrics } from "../evaluation/list-metrics.ts";
import { type RankingMetrics, rankingMetrics } from "../evaluation/metrics.ts";
import type { Parameters } from "../graph/program.ts";
import type { Arrays } from "../models/arrays.ts";
import { interestsOf, isFitted, type ModelSpec } from "../models/registry.ts";
import type { Dataset } from "./dataset.ts";
import { type Judgement, type JudgeOptions, judge, topForUse } from "./judge.ts";

export interface MeasureOptions extends Pick<JudgeOptions, "onProgress"> {
  /** Cutoffs N of the metrics. */
  readonly at: readonly number[];
  readonly includeSeen?: boolean;
  /** For the diversity of lists. */
  readonly categories?: ItemCategories | undefined;
}

/** All that is told of one trained model on some users. */
export interface Measurement {
  readonly users: number;
  readonly metrics: readonly RankingMetrics[];
  readonly lists: readonly ListMetrics[];
  /** The metrics at more cutoffs, {@link curveCutoffs}. */
  readonly curve: readonly RankingMetrics[];
  /** HitRate at each cutoff by length of the history. */
  readonly byHistoryLength: readonly GroupResult[];
  /** Share of the targets found at each cutoff, by how often they occur in the training part. */
  readonly byPopularity: readonly GroupResult[];
  readonly interestCosine: number | null;
  readonly alike: number | null;
  readonly activeInterests: number | null;
  readonly interestsInUse: number | null;
  /** Share of the users whose top items were found by i + 1 different interests; null where a model has one interest or none. */
  readonly usage: readonly number[] | null;
}

export const curveCutoffs = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200] as const;

/** Judges a model and looks at the lists that it would show, by {@link judge}. */
export async function measure(
  engine: Engine,
  learned: Parameters | Arrays,
  spec: ModelSpec,
  dataset: Dataset,
  evaluated: EvaluationUsers,
  options: MeasureOptions,
): Promise<{ readonly measurement: Measurement; readonly judgement: Judgement }> {
  const { at, includeSeen, categories, onProgress } = options;
  const { itemCounts } = dataset;
  const meter = createListMeter(at, { itemCounts, categories });
  const usage = createUsageCounter();
  const judgement = await judge(engine, learned, spec, dataset, evaluated, {
    at,
    includeSeen,
    onProgress,
    lists: {
      count: Math.max(topForUse, ...at),
      visit({ items, interests }) {
        meter.add(items);
        usage.add(interests);
      },
    },
  });
  const { users, metrics, ranks, interestCosine, alike, activeInterests, interestsInUse } = judgement;
  const { offsets } = evaluated.targets;
  const cutoffs = curveCutoffs.filter((n) => n <= dataset.itemCount);
  const measurement: Measurement = {
    users,
    metrics,
    lists: meter.result(),
    curve: rankingMetrics(ranks, offsets, cutoffs),
    byHistoryLength: byHistoryLength(ranks, evaluated, at),
    byPopularity: byPopularity(ranks, evaluated, itemCounts, at),
    interestCosine,
    alike,
    activeInterests,
    interestsInUse,
    usage: isFitted(spec) || interestsOf(spec) < 2 ? null : usage.result(),
  };
  return { measurement, judgement };
}

/** Counts users by how many different interests found their first items. */
function createUsageCounter() {
  const users: number[] = [];
  return {
    add(interests: readonly number[]) {
      const distinct = new Set(interests.slice(0, topForUse)).size;
      if (distinct > 0) users[distinct - 1] = (users[distinct - 1] ?? 0) + 1;
    },
    result() {
      const counts = Array.from(users, (count) => count ?? 0);
      const total = counts.reduce((sum, count) => sum + count, 0);
      return counts.map((count) => count / total);
    },
  };
}
