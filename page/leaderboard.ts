import type { Estimate } from "../src/evaluation/estimate.ts";
import { bestOf, type Column, shownColumns } from "../src/report/columns.ts";
import { element } from "./html.ts";
import { type DrawnModel, percentOrMetric } from "./state.ts";

interface TitledColumn extends Column {
  readonly title: string;
}

const fixed = (digits: number) => (value: number) => value.toFixed(digits);
const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

function columnsAt(index: number): TitledColumn[] {
  const metric = (head: string, title: string, name: "hitRate" | "recall" | "ndcg" | "mrr"): TitledColumn => ({
    ...{ head, title, of: ({ metrics }) => metrics[index]![name], show: percentOrMetric, best: "most" },
  });
  return [
    metric("HitRate", "share of users with a held-out item in the list", "hitRate"),
    metric("Recall", "mean share of a user's held-out items in the list", "recall"),
    metric("NDCG", "discounted gain, 1 where all held-out items come first", "ndcg"),
    metric("MRR", "mean reciprocal rank of the first held-out item", "mrr"),
    {
      ...{ head: "Coverage", title: "share of the catalogue that is shown to anybody", best: "most" },
      ...{ of: ({ lists }) => lists[index]!.coverage, show: percent },
    },
    {
      ...{ head: "Diversity", title: "share of pairs of different category within a list", best: "most" },
      ...{ of: ({ lists }) => lists[index]!.diversity, show: percentOrMetric },
    },
    {
      ...{ head: "Popularity", title: "mean interactions of an item shown; neither more nor less is better" },
      ...{ of: ({ lists }) => lists[index]!.popularity, show: fixed(1) },
    },
    {
      ...{ head: "Interests in use", title: "how many interests found something among a user's first 50 items" },
      ...{ of: ({ interestsInUse }) => interestsInUse, show: fixed(2) },
    },
    {
      ...{ head: "Cosine", title: "mean cosine of two interests of a user: 1 means all alike" },
      ...{ of: ({ interestCosine }) => interestCosine, show: percentOrMetric },
    },
    { head: "Passes", title: "passes over the data", of: ({ passes }) => passes, show: fixed(1) },
    {
      ...{ head: "Training", title: "seconds of training, without judging" },
      ...{ of: ({ seconds }) => seconds, show: (value) => `${value.toFixed(value < 10 ? 1 : 0)} s` },
    },
  ];
}

/** The column to sort by survives new drawings. */
const sorting: { head: string; isDescending: boolean } = { head: "HitRate", isDescending: true };

/** A table of means and deviations; a click on a head sorts by it. */
export function leaderboard(models: readonly DrawnModel[], cutoff: number, redraw: () => void): HTMLElement {
  const shown = shownColumns(columnsAt(cutoff), models);
  const sorted = shown.find(({ head }) => head === sorting.head) ?? shown[0]!;
  const meanOf = ({ summary }: DrawnModel) => sorted.of(summary)?.mean ?? Number.NEGATIVE_INFINITY;
  const rows = models.toSorted((a, b) => (meanOf(b) - meanOf(a) || 0) * (sorting.isDescending ? 1 : -1));
  const best = shown.map((column) => bestOf(column, models));
  const sortBy = (head: string) => {
    sorting.isDescending = sorting.head === head ? !sorting.isDescending : true;
    sorting.head = head;
    redraw();
  };
  const heads = shown.map(({ head, title }) => {
    const order = head === sorted.head ? (sorting.isDescending ? "descending" : "ascending") : "none";
    return element(
      "th",
      { scope: "col", title, "aria-sort": order },
      element("button", { type: "button", click: () => sortBy(head) }, head),
    );
  });
  const body = rows.map((model) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, swatch(model), model.label),
      ...shown.map((column, index) => cell(column, column.of(model.summary), best[index])),
    ),
  );
  const table = element(
    "table",
    { class: "leaderboard" },
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Model"), ...heads)),
    element("tbody", {}, ...body),
  );
  return element("div", { class: "scroll", tabindex: "0" }, table);
}

export const swatch = ({ colour }: DrawnModel): HTMLElement =>
  element("i", { class: "swatch", style: `background:${colour}` });

function cell({ show }: Column, value: Estimate | null, best: number | undefined): HTMLElement {
  if (value === null) return element("td", { class: "none" }, "–");
  const isBest = value.mean === best;
  const deviation = value.deviation === null ? [] : [element("small", {}, `± ${show(value.deviation)}`)];
  return element(
    "td",
    isBest ? { class: "best", title: "the best of this column" } : {},
    element("span", {}, show(value.mean)),
    ...deviation,
  );
}
