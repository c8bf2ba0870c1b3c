import type { PublishedResult } from "../src/report/published.ts";
import { element } from "./html.ts";
import { type DrawnModel, percentOrMetric } from "./state.ts";

const columns = ["HitRate@10", "HitRate@50", "HitRate@100", "Recall@50", "NDCG@10"] as const;

/** A row of the table; those of this page stand out. */
type Row = Omit<PublishedResult, "isComparable"> & { readonly isOwn: boolean };

/** What others report: what may be held against this page, with its own results beside it, and what may not. */
export function publishedTables(results: readonly PublishedResult[], models: readonly DrawnModel[]): HTMLElement {
  const comparable = results.filter(({ isComparable }) => isComparable);
  const others = results.filter(({ isComparable }) => !isComparable);
  const none = element("p", { class: "caption" }, "No published numbers are at hand for this log and protocol.");
  return element(
    "div",
    {},
    comparable.length > 0 ? table([...models.map(ownRow), ...comparable.map(othersRow)]) : none,
    element(
      "details",
      {},
      element("summary", {}, "Not comparable: other data or another protocol"),
      table(others.map(othersRow)),
    ),
  );
}

const othersRow = (result: PublishedResult): Row => ({ ...result, isOwn: false });

function ownRow({ label, summary }: DrawnModel): Row {
  const metrics = summary.metrics.flatMap(({ at, hitRate, recall, ndcg }) => [
    ...(hitRate ? [[`HitRate@${at}`, hitRate.mean] as const] : []),
    ...(recall ? [[`Recall@${at}`, recall.mean] as const] : []),
    ...(ndcg ? [[`NDCG@${at}`, ndcg.mean] as const] : []),
  ]);
  const count = summary.passes?.mean.toFixed(0);
  const passes = count === undefined ? "" : `, after ${count} ${count === "1" ? "pass" : "passes"}`;
  return {
    ...{ source: `this page${passes}`, data: "the same", protocol: "the same", model: label },
    ...{ metrics: Object.fromEntries(metrics), isOwn: true },
  };
}

function table(results: readonly Row[]): HTMLElement {
  // A column that only this page has compares nothing.
  const others = results.filter(({ isOwn }) => !isOwn);
  const shown = columns.filter((name) => others.some(({ metrics }) => metrics[name] !== undefined));
  const rows = results.map(({ source, data, protocol, model, metrics, isOwn }) =>
    element(
      "tr",
      isOwn ? { class: "own" } : {},
      element("th", { scope: "row" }, model),
      ...shown.map((name) =>
        metrics[name] === undefined
          ? element("td", { class: "none" }, "–")
          : element("td", {}, percentOrMetric(metrics[name])),
      ),
      element("td", { class: "text" }, data),
      element("td", { class: "text" }, protocol),
      element("td", { class: "text" }, source),
    ),
  );
  const heads = ["Model", ...shown, "Data", "Protocol", "Source"].map((text, index) =>
    element("th", index > shown.length ? { scope: "col", class: "text" } : { scope: "col" }, text),
  );
  const whole = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows));
  return element("div", { class: "scroll", tabindex: "0" }, whole);
}
