import type { PublishedResult } from "../src/report/published.ts";
import { element } from "./html.ts";
import { percentOrMetric } from "./state.ts";

const columns = ["HitRate@10", "HitRate@50", "HitRate@100", "Recall@50", "NDCG@10"] as const;

/** What others report: what may be held against this page, and what may not. */
export function publishedTables(results: readonly PublishedResult[]): HTMLElement {
  const comparable = results.filter(({ isComparable }) => isComparable);
  const others = results.filter(({ isComparable }) => !isComparable);
  const none = element("p", { class: "caption" }, "No published numbers are at hand for this log and protocol.");
  return element(
    "div",
    {},
    comparable.length > 0 ? table(comparable) : none,
    element("details", {}, element("summary", {}, "Not comparable: other data or another protocol"), table(others)),
  );
}

function table(results: readonly PublishedResult[]): HTMLElement {
  const shown = columns.filter((name) => results.some(({ metrics }) => metrics[name] !== undefined));
  const rows = results.map(({ source, data, protocol, model, metrics }) =>
    element(
      "tr",
      {},
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
