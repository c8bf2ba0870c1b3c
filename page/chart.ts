import * as Plot from "@observablehq/plot";
import { type DrawnModel, percentOrMetric } from "./state.ts";

/** A point of a model's line, with its deviation over seeds. */
export interface Point {
  readonly model: DrawnModel;
  readonly x: number;
  readonly y: number;
  readonly deviation: number | null;
}

export interface LineChart {
  readonly points: readonly Point[];
  readonly width: number;
  readonly x: string;
  readonly y: string;
  readonly isLog?: boolean;
  /** Whether passes are counted on x. */
  readonly isWhole?: boolean;
  /** Whether y begins at 0. */
  readonly fromZero?: boolean;
  /** Marked by a line across. */
  readonly reference?: number;
  readonly show?: (value: number) => string;
}

export const common = (width: number): Plot.PlotOptions => ({
  width,
  height: Math.round(Math.min(300, Math.max(230, width * 0.55))),
  marginTop: 30,
  marginLeft: 46,
  marginRight: 14,
  marginBottom: 38,
  style: { background: "none", color: "var(--ink)", fontSize: "12px", fontFamily: "inherit", overflow: "visible" },
});

const shade = 0.14;

/** Lines of models with bands of one deviation, and a tip at the nearest point. */
export function lineChart({ points, width, x, y, isLog, isWhole, fromZero, reference, show }: LineChart): Element {
  const write = show ?? percentOrMetric;
  const models = [...new Set(points.map(({ model }) => model))];
  const few = new Set(points.map((point) => point.x)).size < 16;
  const marks = models.flatMap((model) => {
    const own = points.filter((point) => point.model === model);
    const band = own.filter(({ deviation }) => deviation !== null);
    return [
      Plot.areaY(band, {
        ...{
          x: "x",
          y1: (point: Point) => point.y - point.deviation!,
          y2: (point: Point) => point.y + point.deviation!,
        },
        ...{ fill: model.colour, fillOpacity: shade },
      }),
      Plot.line(own, { x: "x", y: "y", stroke: model.colour, strokeWidth: 2, strokeDasharray: model.dash }),
      ...(few || own.length === 1
        ? [Plot.dot(own, { x: "x", y: "y", fill: model.colour, symbol: model.symbol, r: 3.5 })]
        : []),
    ];
  });
  const whole = isWhole ? { ticks: wholeTicks(points), tickFormat: "d" } : {};
  return Plot.plot({
    ...common(width),
    x: {
      label: x,
      type: isLog ? "log" : "linear",
      ...whole,
      ...(isLog && { tickFormat: "~s", ticks: logTicks(points) }),
    },
    y: { label: y, grid: true, nice: true, zero: fromZero ?? false, ticks: 5 },
    marks: [
      ...(reference === undefined ? [] : [Plot.ruleY([reference], { stroke: "var(--faint)" })]),
      ...marks,
      tip(
        points,
        (point) => `${point.model.label}\n${x} ${point.x}: ${write(point.y)}${spread(point.deviation, write)}`,
      ),
    ],
  });
}

export const spread = (deviation: number | null, write: (value: number) => string): string =>
  deviation === null ? "" : ` ± ${write(deviation)}`;

export function tip<Datum>(data: readonly Datum[], title: (datum: Datum) => string, more: object = {}): Plot.Markish {
  const options = { x: "x", y: "y", title, fill: "var(--card)", stroke: "var(--line)", ...more };
  return Plot.tip(data as Datum[], Plot.pointer({ maxRadius: 40, ...options } as Plot.TipOptions));
}

/** At most eight whole numbers. */
function wholeTicks(points: readonly Point[]): number[] {
  const last = Math.max(...points.map(({ x }) => x));
  const step = Math.ceil(last / 8);
  return Array.from({ length: Math.floor(last / step) }, (_, index) => (index + 1) * step);
}

function logTicks(points: readonly Point[]): number[] {
  const last = Math.max(...points.map(({ x }) => x));
  return [1, 2, 5, 10, 20, 50, 100, 200, 500].filter((tick) => tick <= last);
}

/** Groups on x, beside each other in every group a mark of each model. */
export interface GroupPoint {
  readonly model: DrawnModel;
  readonly x: string;
  readonly y: number;
  readonly deviation: number | null;
  readonly count: number;
}

export function groupChart(
  points: readonly GroupPoint[],
  { width, x, y, isDifference, of }: { width: number; x: string; y: string; isDifference: boolean; of: string },
): Element {
  const groups = [...new Set(points.map((point) => point.x))];
  const models = [...new Set(points.map(({ model }) => model))];
  const step = Math.min(9, (width - 80) / groups.length / (models.length + 1));
  const marks = models.flatMap((model, index) => {
    const own = points.filter((point) => point.model === model);
    const dx = (index - (models.length - 1) / 2) * step;
    const error = own.filter(({ deviation }) => deviation !== null);
    return [
      Plot.line(own, { x: "x", y: "y", stroke: model.colour, strokeOpacity: 0.35, strokeDasharray: model.dash, dx }),
      Plot.ruleX(error, {
        ...{ x: "x", y1: (point: GroupPoint) => point.y - point.deviation! },
        ...{ y2: (point: GroupPoint) => point.y + point.deviation!, stroke: model.colour, dx },
      }),
      Plot.dot(own, { x: "x", y: "y", fill: model.colour, symbol: model.symbol, r: 4, dx }),
    ];
  });
  const title = (point: GroupPoint) =>
    `${point.model.label}\n${point.x} (${point.count} ${of})\n${signed(point.y, isDifference)}${spread(point.deviation, percentOrMetric)}`;
  return Plot.plot({
    ...common(width),
    x: { type: "point", domain: groups, label: x, padding: 0.5 },
    y: { label: y, grid: true, nice: true, zero: true, ticks: 5 },
    marks: [Plot.ruleY([0], { stroke: "var(--faint)" }), ...marks, tip(points, title)],
  });
}

const signed = (value: number, isDifference: boolean): string =>
  `${isDifference && value > 0 ? "+" : ""}${percentOrMetric(value)}`;
