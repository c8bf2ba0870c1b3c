import Table from "cli-table3";
import type { RankingMetrics } from "../evaluation/metrics.ts";
import type { TestResult } from "../training/model-folder-schema.ts";

/** A metric as the tables of this field write it. */
export const showMetric = (value: number): string => value.toFixed(4);

/** Plain text: no colours, which end up in files. */
export function createTable(head: readonly string[]): Table.Table {
  const alignments = head.map((_, column): Table.HorizontalAlignment => (column === 0 ? "left" : "right"));
  return new Table({ head: [...head], colAligns: alignments, style: { head: [], border: [], compact: true } });
}

/** The metrics of a model with those of the most popular items beside them, and how its interests are. */
export function describeTest(name: string, test: TestResult): string[] {
  const table = createTable(["", "HitRate", "Recall", "NDCG", "MRR"]);
  for (const [index, { at }] of test.model.entries()) {
    for (const [label, { hitRate, recall, ndcg, mrr }] of [
      [`most popular @ ${at}`, test.mostPopular[index]!],
      [`${name} @ ${at}`, test.model[index]!],
    ] satisfies [string, RankingMetrics][]) {
      table.push([label, ...[hitRate, recall, ndcg, mrr].map(showMetric)]);
    }
  }
  const seen = test.includeSeen ? "seen items included" : "seen items left out";
  return [
    `${test.users.toLocaleString("en-US")} test users, the whole catalogue ranked, ${seen}`,
    table.toString(),
    ...describeInterests(test),
  ];
}

function describeInterests({ activeInterests, interestsInUse, interestCosine, alike }: TestResult): string[] {
  if (activeInterests === null || interestCosine === null) return [];
  const parts = [`${activeInterests.toFixed(1)} active per user`];
  if (interestsInUse !== null) parts.push(`${interestsInUse.toFixed(1)} of them in use in a user's top 50`);
  parts.push(`mean pairwise cosine ${interestCosine.toFixed(2)}`);
  if (alike !== null) parts.push(`all alike for ${(100 * alike).toFixed(0)} % of users`);
  return [`interests: ${parts.join(", ")}`];
}
