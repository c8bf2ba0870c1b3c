import { type Estimate, estimate } from "../evaluation/estimate.ts";
import type { ListMetrics } from "../evaluation/list-metrics.ts";
import type { RankingMetrics } from "../evaluation/metrics.ts";
import type { Measurement } from "../training/measure.ts";
import type { TrainingOptions } from "../training/options.ts";
import type { EpochResult } from "../training/progress.ts";
import type { Protocol } from "../training/protocol.ts";
import type { InterestMap } from "./interest-map.ts";
import type { PublishedResult } from "./published.ts";

/** Several models, judged by the same users of the same log. */
export interface Comparison {
  /** ISO 8601. */
  readonly date: string;
  readonly adapter: string;
  readonly log: ComparedLog;
  /** Cutoffs N of the metrics. */
  readonly at: readonly number[];
  readonly models: readonly ComparedModel[];
  /** Numbers of others, the comparable ones first. */
  readonly published: readonly PublishedResult[];
  /** There if it was asked for and any model makes vectors. */
  readonly map?: InterestMap | undefined;
}

export interface ComparedLog {
  /** The name of its file. */
  readonly name: string;
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
  readonly protocol: Protocol;
  readonly includeSeen: boolean;
}

export interface ComparedModel {
  /** What it is called here; the model's own name unless it takes part with several options. */
  readonly label: string;
  /** Its options under their names on the command line. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Those that mean something to it. */
  readonly training: Readonly<Partial<Omit<TrainingOptions, "seed">>>;
  /** One for each seed. */
  readonly runs: readonly ComparedRun[];
  readonly summary: ModelSummary;
}

export interface ComparedRun {
  readonly seed: number;
  /** One entry for each pass. */
  readonly history: readonly EpochResult[];
  /** The pass that was kept, from 0. */
  readonly bestEpoch: number;
  readonly test: Measurement;
}

type Estimates<Metrics> = { readonly [Name in Exclude<keyof Metrics, "at">]: Estimate | null } & {
  readonly at: number;
};

/** Means and deviations over the runs of a model. */
export interface ModelSummary {
  readonly metrics: readonly Estimates<RankingMetrics>[];
  readonly lists: readonly Estimates<ListMetrics>[];
  readonly interestCosine: Estimate | null;
  readonly alike: Estimate | null;
  readonly activeInterests: Estimate | null;
  readonly interestsInUse: Estimate | null;
  /** Of training alone. */
  readonly seconds: Estimate | null;
  readonly passes: Estimate | null;
}

export function summarise(runs: readonly ComparedRun[]): ModelSummary {
  const over = (value: (run: ComparedRun) => number | null) => estimate(runs.map(value));
  const cutoffs = runs[0]?.test.metrics.map(({ at }) => at) ?? [];
  return {
    metrics: cutoffs.map((at, index) => ({
      at,
      hitRate: over(({ test }) => test.metrics[index]!.hitRate),
      recall: over(({ test }) => test.metrics[index]!.recall),
      ndcg: over(({ test }) => test.metrics[index]!.ndcg),
      mrr: over(({ test }) => test.metrics[index]!.mrr),
    })),
    lists: cutoffs.map((at, index) => ({
      at,
      coverage: over(({ test }) => test.lists[index]!.coverage),
      diversity: over(({ test }) => test.lists[index]!.diversity),
      popularity: over(({ test }) => test.lists[index]!.popularity),
    })),
    interestCosine: over(({ test }) => test.interestCosine),
    alike: over(({ test }) => test.alike),
    activeInterests: over(({ test }) => test.activeInterests),
    interestsInUse: over(({ test }) => test.interestsInUse),
    seconds: over(({ history }) => history.reduce((sum, { seconds }) => sum + seconds, 0)),
    passes: over(({ history }) => history.length),
  };
}
