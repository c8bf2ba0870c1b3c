import type { Comparison } from "../src/report/comparison.ts";
import { cosineCurves, cutoffCurves, groupCurves, learningCurves, lossCurves, usageBars } from "./curves.ts";
import { card, element, select } from "./html.ts";
import { type DrawnModel, metricNames, type State } from "./state.ts";

interface Chart {
  readonly title: string;
  readonly caption: string;
  /** Nothing where no model has what it shows. */
  readonly draw: (width: number) => Element | undefined;
}

/** Below this the cards stand below each other. */
const twoColumns = 820;
const gap = 20;
const padding = 42;

/** All charts in their cards, in rows of two where there is room. */
export function chartCards(
  shown: readonly DrawnModel[],
  comparison: Comparison,
  state: State,
  width: number,
  redraw: () => void,
): HTMLElement[] {
  const name = metricNames[state.metric];
  const band = shown.some(({ runs }) => runs.length > 1) ? " Bands are one standard deviation over seeds." : "";
  const baseline = shown.find(({ label }) => label === state.baseline);
  const compared = baseline === undefined ? "" : ` The difference to ${baseline.label}.`;
  const against = select(
    "Compared to",
    [{ value: "", text: "nothing" }, ...shown.map(({ label }) => ({ value: label, text: label }))],
    baseline?.label ?? "",
    (label) => {
      state.baseline = label === "" ? undefined : label;
      redraw();
    },
  );
  const overall: Chart[] = [
    {
      ...{ title: "Learning", caption: `${name} on the validation users after each pass.${band}` },
      draw: (inner) => learningCurves(shown, comparison, state, inner),
    },
    {
      ...{ title: `${name} over N`, caption: `How it grows with the number of items shown.${band}` },
      draw: (inner) => cutoffCurves(shown, state, inner),
    },
  ];
  const groups: Chart[] = [
    {
      ...{ title: "By length of the history", caption: `Equally many users in each part.${compared}` },
      draw: (inner) => groupCurves(shown, comparison, state, "byHistoryLength", baseline, inner),
    },
    {
      ...{ title: "By popularity of the held-out item", caption: `From rare to frequent in training.${compared}` },
      draw: (inner) => groupCurves(shown, comparison, state, "byPopularity", baseline, inner),
    },
  ];
  const inside: Chart[] = [
    {
      ...{ title: "Loss", caption: "Losses differ in kind: each as a share of its first pass." },
      draw: (inner) => lossCurves(shown, inner),
    },
    {
      ...{ title: "Interests while training", caption: "1 is all alike, 0 has nothing in common; validation users." },
      draw: (inner) => cosineCurves(shown, inner),
    },
    {
      ...{ title: "Interests in use", caption: "How many different interests found a user's first 50 items." },
      draw: (inner) => usageBars(shown, inner),
    },
  ];
  return [
    ...cards(overall, width),
    element("div", { class: "full" }, element("h2", {}, "Who gains"), element("div", { class: "controls" }, against)),
    ...cards(groups, width),
    ...cards(inside, width),
  ];
}

/** A last one without a neighbour takes the whole row. */
function cards(charts: readonly Chart[], width: number): HTMLElement[] {
  const isTwo = width >= twoColumns;
  const half = Math.max(260, (isTwo ? (width - gap) / 2 : width) - padding);
  const shown = charts.flatMap((chart) => {
    const drawing = chart.draw(half);
    return drawing === undefined ? [] : [{ ...chart, drawing }];
  });
  return shown.map(({ title, caption, draw, drawing }, index) => {
    const isAlone = isTwo && index === shown.length - 1 && index % 2 === 0;
    const made = card(title, caption, isAlone ? draw(width - padding)! : drawing);
    if (isAlone) made.classList.add("full");
    return made;
  });
}
