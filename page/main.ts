import type { Comparison } from "../src/report/comparison.ts";
import { chartCards } from "./charts.ts";
import { card, choice, element } from "./html.ts";
import { leaderboard, swatch } from "./leaderboard.ts";
import { interestMap, type MapView } from "./map.ts";
import { optionsTable } from "./options.ts";
import { publishedTables } from "./published.ts";
import { drawnModels, type MetricName, metricNames, type State, thousands } from "./state.ts";

const comparison: Comparison = JSON.parse(document.getElementById("comparison")!.textContent!);
const models = drawnModels(comparison);
const state: State = {
  metric: "hitRate",
  cutoff: Math.min(1, comparison.at.length - 1),
  hidden: new Set(),
  baseline: undefined,
};
const mapView: MapView = {
  // The first model with several interests has most to show.
  model: Math.max(
    0,
    comparison.map?.models.findIndex(({ users }) => users.some(({ interests }) => interests.length > 1)) ?? 0,
  ),
  user: 0,
};
const page = document.getElementById("page")!;

function draw(): void {
  const scroll = [window.scrollX, window.scrollY] as const;
  const focused = document.activeElement?.textContent;
  const opened = [...page.querySelectorAll("details[open] > summary")].map(({ textContent }) => textContent);
  const shown = models.filter(({ label }) => !state.hidden.has(label));
  const outer = page.clientWidth;
  page.replaceChildren(
    heading(),
    controls(),
    card("Leaderboard", leaderboardCaption(), leaderboard(shown, state.cutoff, draw), true),
    element("div", { class: "grid" }, ...chartCards(shown, comparison, state, outer, draw)),
    ...mapCard(outer - 42),
    card(
      "Published numbers",
      "Held against the ones above only where data and protocol are the same.",
      publishedTables(comparison.published, shown),
      true,
    ),
    card("Options", "All that each model was trained with, as the command line calls it.", optionsTable(models), true),
    element(
      "footer",
      {},
      `polymind compare, ${comparison.date.slice(0, 10)}, trained on ${comparison.adapter}. This page loads nothing.`,
    ),
  );
  for (const summary of page.querySelectorAll("details > summary")) {
    if (opened.includes(summary.textContent)) summary.parentElement!.setAttribute("open", "");
  }
  window.scrollTo(...scroll);
  const again = [...page.querySelectorAll("button")].find(({ textContent }) => focused && textContent === focused);
  again?.focus({ preventScroll: true });
}

function heading(): HTMLElement {
  const { log } = comparison;
  const facts = [
    `${thousands(log.interactions)} interactions of ${thousands(log.users)} users with ${thousands(log.items)} items`,
    `protocol ${log.protocol.protocol}: ${thousands(models[0]?.runs[0]?.test.users ?? 0)} test users, the whole catalogue ranked`,
    log.includeSeen ? "seen items included" : "seen items left out",
  ];
  return element("header", {}, element("h1", {}, log.name), element("p", {}, facts.join(" · ")));
}

function controls(): HTMLElement {
  const metrics = Object.entries(metricNames).map(([value, text]) => ({ value: value as MetricName, text }));
  const cutoffs = comparison.at.map((at, value) => ({ value, text: `@${at}` }));
  const chips = models.map((model) => {
    const isShown = !state.hidden.has(model.label);
    const toggle = () => {
      if (isShown) state.hidden.add(model.label);
      else state.hidden.delete(model.label);
      // Nothing to see is no choice.
      if (state.hidden.size === models.length) state.hidden.clear();
      draw();
    };
    return element(
      "button",
      { type: "button", class: "chip", "aria-pressed": String(isShown), click: toggle },
      swatch(model),
      model.label,
    );
  });
  const set = (change: Partial<State>) => {
    Object.assign(state, change);
    draw();
  };
  return element(
    "div",
    { class: "bar" },
    element(
      "div",
      { class: "controls" },
      choice("Metric", metrics, state.metric, (metric) => set({ metric })),
      choice("Cutoff", cutoffs, state.cutoff, (cutoff) => set({ cutoff })),
    ),
    element("div", { class: "chips", role: "group", "aria-label": "Models" }, ...chips),
  );
}

function leaderboardCaption(): string {
  const runs = Math.max(...models.map((model) => model.runs.length));
  const spread = runs > 1 ? `Mean ± standard deviation over ${runs} seeds; ` : "One seed; ";
  return `${spread}@${comparison.at[state.cutoff]}, the best of each column marked. A head sorts.`;
}

function mapCard(width: number): HTMLElement[] {
  const { map } = comparison;
  if (map === undefined) return [];
  const caption =
    "Items by their vectors in two dimensions (UMAP, cosine): near ones are alike to the model. An interest stands amid the items that it finds; lines lead to the behaviours that it is nearest to.";
  return [card("Interest map", caption, interestMap(map, mapView, Math.max(260, width), draw), true)];
}

draw();
let waiting = 0;
let drawnWidth = page.clientWidth;
window.addEventListener("resize", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => {
    // A phone hides its bars while scrolling, which is no reason to draw.
    if (page.clientWidth === drawnWidth) return;
    drawnWidth = page.clientWidth;
    draw();
  });
});
