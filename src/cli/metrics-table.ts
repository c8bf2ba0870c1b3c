import Table from "cli-table3";
import type { ListMetrics } from "../evaluation/list-metrics.ts";
import type { RankingMetrics } from "../evaluation/metrics.ts";
import type { TestResult } from "../training/model-folder-schema.ts";

/** A metric as the tables of this field write it. */
export const showMetric = (value: number): string => value.toFixed(4);

/** Metrics by their names on the command line. */
const accuracyColumns = {
  "hit-rate": { head: "HitRate", of: ({ hitRate }: RankingMetrics) => hitRate },
  recall: { head: "Recall", of: ({ recall }: RankingMetrics) => recall },
  ndcg: { head: "NDCG", of: ({ ndcg }: RankingMetrics) => ndcg },
  mrr: { head: "MRR", of: ({ mrr }: RankingMetrics) => mrr },
} as const;

/** Metrics of the lists that users would see, whoever is right. */
const listColumns = {
  coverage: { head: "Coverage", of: ({ coverage }: ListMetrics) => coverage, show: showMetric },
  diversity: { head: "Diversity", of: ({ diversity }: ListMetrics) => diversity, show: showMetric },
  popularity: {
    head: "Popularity",
    of: ({ popularity }: ListMetrics) => popularity,
    show: (interactions: number) => interactions.toFixed(1),
  },
} as const;

export type MetricName = keyof typeof accuracyColumns | keyof typeof listColumns;
export const accuracyMetrics = Object.keys(accuracyColumns) as MetricName[];
export const metricNames = [...accuracyMetrics, ...Object.keys(listColumns)] as [MetricName];
export const isListMetric = (name: MetricName): name is keyof typeof listColumns => name in listColumns;

/** List metrics of a model and of the most popular items. */
export interface ListResult {
  readonly model: readonly ListMetrics[];
  readonly mostPopular: readonly ListMetrics[];
}

/** Plain text: no colours, which end up in files. */
export function createTable(head: readonly string[]): Table.Table {
  const alignments = head.map((_, column): Table.HorizontalAlignment => (column === 0 ? "left" : "right"));
  return new Table({ head: [...head], colAligns: alignments, style: { head: [], border: [], compact: true } });
}

/** The metrics of a model with those of the most popular items beside them, and how its interests are. */
export function describeTest(
  name: string,
  test: TestResult & { readonly lists?: ListResult },
  metrics: readonly MetricName[] = accuracyMetrics,
): string[] {
  const table = createTable(["", ...metrics.map((metric) => ({ ...accuracyColumns, ...listColumns })[metric].head)]);
  for (const [index, { at }] of test.model.entries()) {
    for (const [label, who] of [
      ["most popular", "mostPopular"],
      [name, "model"],
    ] as const) {
      const cells = metrics.map((metric) => showCell(metric, test[who][index]!, test.lists?.[who][index]));
      table.push([`${label} @ ${at}`, ...cells]);
    }
  }
  const seen = test.includeSeen ? "seen items included" : "seen items left out";
  return [
    `${test.users.toLocaleString("en-US")} test users, the whole catalogue ranked, ${seen}`,
    table.toString(),
    ...describeInterests(test),
  ];
}

function showCell(metric: MetricName, ranking: RankingMetrics, lists: ListMetrics | undefined): string {
  if (!isListMetric(metric)) return showMetric(accuracyColumns[metric].of(ranking));
  const { of, show } = listColumns[metric];
  const value = lists && of(lists);
  return value === null || value === undefined ? "-" : show(value);
}

function describeInterests({ activeInterests, interestsInUse, interestCosine, alike }: TestResult): string[] {
  if (activeInterests === null || interestCosine === null) return [];
  const parts = [`${activeInterests.toFixed(1)} active per user`];
  if (interestsInUse !== null) parts.push(`${interestsInUse.toFixed(1)} of them in use in a user's top 50`);
  parts.push(`mean pairwise cosine ${interestCosine.toFixed(2)}`);
  if (alike !== null) parts.push(`all alike for ${(100 * alike).toFixed(0)} % of users`);
  return [`interests: ${parts.join(", ")}`];
}
