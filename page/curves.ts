import * as Plot from "@observablehq/plot";
import { type Estimate, estimate } from "../src/evaluation/estimate.ts";
import type { ComparedRun, Comparison } from "../src/report/comparison.ts";
import { common, type GroupPoint, groupChart, lineChart, type Point } from "./chart.ts";
import { type DrawnModel, metricNames, type State } from "./state.ts";

/** Means over the seeds of a model at each x; what not all runs have is left out. */
function overRuns(
  model: DrawnModel,
  values: (run: ComparedRun) => readonly { x: number; y: number | null }[],
): Point[] {
  const lists = model.runs.map(values);
  const places = [...new Set(lists.flatMap((list) => list.map(({ x }) => x)))].toSorted((a, b) => a - b);
  return places.flatMap((x) => {
    const found = lists.flatMap((list) => list.find((point) => point.x === x)?.y ?? []);
    const mean: Estimate | null = found.length === 0 ? null : estimate(found);
    return mean === null ? [] : [{ model, x, y: mean.mean, deviation: mean.deviation }];
  });
}

/** Validation after each pass, by the cutoff of the reader where it was validated at it. */
export function learningCurves(models: readonly DrawnModel[], { at }: Comparison, state: State, width: number) {
  const validated = models[0]?.runs[0]?.history[0]?.validation.map((metrics) => metrics.at) ?? [];
  const wanted = at[state.cutoff]!;
  const cutoff = validated.includes(wanted) ? wanted : 50;
  const points = models.flatMap((model) =>
    overRuns(model, ({ history }) =>
      history.map(({ epoch, validation }) => ({
        x: epoch + 1,
        y: validation.find((metrics) => metrics.at === cutoff)?.[state.metric] ?? null,
      })),
    ),
  );
  const y = `${metricNames[state.metric]}@${cutoff} on the validation users`;
  return lineChart({ points, width, x: "pass", y, isWhole: true });
}

/** Losses differ in kind, so each is shown as a share of that of its first pass. */
export function lossCurves(models: readonly DrawnModel[], width: number) {
  const points = models.flatMap((model) =>
    overRuns(model, ({ history }) => {
      const first = history[0]?.loss ?? null;
      return history.map(({ epoch, loss }) => ({
        x: epoch + 1,
        y: first === null || loss === null ? null : loss / first,
      }));
    }),
  );
  return points.length === 0
    ? undefined
    : lineChart({ points, width, x: "pass", y: "loss / loss of the first pass", isWhole: true, reference: 1 });
}

export function cutoffCurves(models: readonly DrawnModel[], state: State, width: number) {
  const points = models.flatMap((model) =>
    overRuns(model, ({ test }) => test.curve.map((metrics) => ({ x: metrics.at, y: metrics[state.metric] }))),
  );
  return lineChart({ points, width, x: "N", y: `${metricNames[state.metric]}@N`, isLog: true, fromZero: true });
}

export function cosineCurves(models: readonly DrawnModel[], width: number) {
  const points = models.flatMap((model) =>
    overRuns(model, ({ history }) => history.map(({ epoch, interestCosine }) => ({ x: epoch + 1, y: interestCosine }))),
  );
  const y = "mean cosine of two interests of a user";
  return points.length === 0 ? undefined : lineChart({ points, width, x: "pass", y, isWhole: true, reference: 1 });
}

type Grouping = "byHistoryLength" | "byPopularity";

/** How well targets are found in parts of the test users, or how much better than by the baseline. */
export function groupCurves(
  models: readonly DrawnModel[],
  { at }: Comparison,
  state: State,
  grouping: Grouping,
  baseline: DrawnModel | undefined,
  width: number,
) {
  const foundBy = (model: DrawnModel, run: ComparedRun, group: number): number => {
    const found = run.test[grouping][group]!.found[state.cutoff]!;
    // Runs of one seed judge the same users; a model without chance has one run for all seeds.
    const other = baseline?.runs.find(({ seed }) => seed === run.seed) ?? baseline?.runs[0];
    return baseline === undefined || model === baseline
      ? found - (baseline ? found : 0)
      : found - (other?.test[grouping][group]?.found[state.cutoff] ?? 0);
  };
  const points = models.flatMap((model) =>
    model.runs[0]!.test[grouping].flatMap(({ from, to, count }, group): GroupPoint[] => {
      const mean = estimate(
        model.runs.filter((run) => run.test[grouping][group]).map((run) => foundBy(model, run, group)),
      );
      const x = from === to ? `${from}` : `${from}–${to}`;
      return mean === null ? [] : [{ model, x, y: mean.mean, deviation: mean.deviation, count }];
    }),
  );
  const name = `HitRate@${at[state.cutoff]}`;
  return groupChart(points, {
    width,
    x: grouping === "byHistoryLength" ? "behaviours in the history" : "training interactions of the held-out item",
    y: baseline === undefined ? name : `${name} minus that of ${baseline.label}`,
    isDifference: baseline !== undefined,
    of: grouping === "byHistoryLength" ? "users" : "targets",
  });
}

/** How many interests found something in a user's first items: a bar for each model, a part for each number. */
export function usageBars(models: readonly DrawnModel[], width: number) {
  const parts = models.flatMap((model) => {
    const runs = model.runs.flatMap(({ test }) => (test.usage === null ? [] : [test.usage]));
    const most = Math.max(0, ...runs.map(({ length }) => length));
    let from = 0;
    return Array.from({ length: most }, (_, index) => {
      const share = runs.reduce((sum, usage) => sum + (usage[index] ?? 0), 0) / runs.length;
      const part = { label: model.label, interests: index + 1, share, from, to: from + share };
      from += share;
      return part;
    });
  });
  if (parts.length === 0) return undefined;
  const labels = [...new Set(parts.map(({ label }) => label))];
  const most = Math.max(...parts.map(({ interests }) => interests));
  const base = common(width);
  const fill = ({ interests }: { interests: number }) =>
    `color-mix(in oklab, var(--colour-0) ${Math.round(25 + (75 * (interests - 1)) / Math.max(1, most - 1))}%, var(--card))`;
  const written = ({ interests }: { interests: number }) => (interests > (most + 1) / 2 ? "var(--card)" : "var(--ink)");
  const middle = ({ from, to }: { from: number; to: number }) => (from + to) / 2;
  return Plot.plot({
    ...base,
    height: Math.max(110, 44 * labels.length + 56),
    marginLeft: Math.max(46, 7.2 * Math.max(...labels.map(({ length }) => length)) + 12),
    x: { label: "share of users", percent: true, domain: [0, 100], ticks: 5 },
    y: { type: "band", domain: labels, label: null, tickSize: 0, padding: 0.25 },
    marks: [
      Plot.barX(parts, { y: "label", x1: "from", x2: "to", fill, insetRight: 1 }),
      Plot.text(
        parts.filter(({ share }) => share > 0.045),
        { y: "label", x: middle, text: ({ interests }) => `${interests}`, fill: written, fontWeight: 600 },
      ),
      Plot.tip(
        parts,
        Plot.pointerX({
          ...{ y: "label", x: middle, fill: "var(--card)", stroke: "var(--line)" },
          title: ({ label, interests, share }) =>
            `${label}\n${interests} ${interests === 1 ? "interest" : "interests"} in use: ${(100 * share).toFixed(1)} % of users`,
        } as Plot.TipOptions),
      ),
    ],
  });
}
