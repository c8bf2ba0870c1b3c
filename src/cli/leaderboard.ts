import type { Estimate } from "../evaluation/estimate.ts";
import { bestOf, type Column, shownColumns } from "../report/columns.ts";
import type { ComparedModel, Comparison } from "../report/comparison.ts";
import { createTable, showMetric } from "./metrics-table.ts";

const tenths = (value: number) => value.toFixed(1);
const hundredths = (value: number) => value.toFixed(2);

/** The columns of one cutoff. */
function rankingColumns(index: number): Column[] {
  return [
    { head: "HitRate", of: ({ metrics }) => metrics[index]!.hitRate, show: showMetric, best: "most" },
    { head: "Recall", of: ({ metrics }) => metrics[index]!.recall, show: showMetric, best: "most" },
    { head: "NDCG", of: ({ metrics }) => metrics[index]!.ndcg, show: showMetric, best: "most" },
    { head: "MRR", of: ({ metrics }) => metrics[index]!.mrr, show: showMetric, best: "most" },
    { head: "Coverage", of: ({ lists }) => lists[index]!.coverage, show: showMetric, best: "most" },
    { head: "Diversity", of: ({ lists }) => lists[index]!.diversity, show: showMetric, best: "most" },
    { head: "Popularity", of: ({ lists }) => lists[index]!.popularity, show: tenths },
  ];
}

const modelColumns: readonly Column[] = [
  { head: "Interests", of: ({ activeInterests }) => activeInterests, show: hundredths },
  { head: "in use", of: ({ interestsInUse }) => interestsInUse, show: hundredths },
  { head: "cosine", of: ({ interestCosine }) => interestCosine, show: hundredths },
  { head: "alike", of: ({ alike }) => alike, show: (share) => `${(100 * share).toFixed(0)} %` },
  { head: "Passes", of: ({ passes }) => passes, show: tenths },
  { head: "Training s", of: ({ seconds }) => seconds, show: tenths, best: "least" },
];

/** A table for each cutoff and one of the models themselves, the best value of each column marked; best HitRate first. */
export function describeComparison({ models, at, log }: Comparison): string[] {
  if (models.length === 0) return [];
  const last = at.length - 1;
  const order = (model: ComparedModel) => -(model.summary.metrics[Math.min(1, last)]!.hitRate?.mean ?? 0);
  const sorted = models.toSorted((a, b) => order(a) - order(b));
  const seen = log.includeSeen ? "seen items included" : "seen items left out";
  const { users } = models[0]!.runs[0]!.test;
  const runs = Math.max(...models.map((model) => model.runs.length));
  const spread = runs > 1 ? "; mean ± standard deviation over seeds" : "";
  return [
    `${users.toLocaleString("en-US")} test users, the whole catalogue ranked, ${seen}; * best of a column${spread}`,
    ...at.map((n, index) => describeColumns(`@ ${n}`, sorted, rankingColumns(index))),
    describeColumns("", sorted, modelColumns),
  ];
}

function describeColumns(corner: string, models: readonly ComparedModel[], columns: readonly Column[]): string {
  const shown = shownColumns(columns, models);
  const table = createTable([corner, ...shown.map(({ head }) => head)]);
  const best = shown.map((column) => bestOf(column, models));
  for (const { label, summary } of models) {
    const cells = shown.map((column, index) => showCell(column, column.of(summary), best[index]));
    table.push([label, ...cells]);
  }
  return table.toString();
}

function showCell({ show }: Column, value: Estimate | null, best: number | undefined): string {
  if (value === null) return "-";
  const deviation = value.deviation === null ? "" : ` ± ${show(value.deviation)}`;
  return `${value.mean === best ? "* " : ""}${show(value.mean)}${deviation}`;
}
