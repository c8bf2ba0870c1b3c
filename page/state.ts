import type { ComparedModel, Comparison } from "../src/report/comparison.ts";

/** Metrics of rankings that the reader can pick. */
export const metricNames = { hitRate: "HitRate", recall: "Recall", ndcg: "NDCG", mrr: "MRR" } as const;
export type MetricName = keyof typeof metricNames;

/** What the reader has picked. */
export interface State {
  metric: MetricName;
  /** Place of the cutoff in `comparison.at`. */
  cutoff: number;
  readonly hidden: Set<string>;
  /** Differences to this model are shown; none shows the values themselves. */
  baseline: string | undefined;
}

/** A model with how it is drawn everywhere. */
export interface DrawnModel extends ComparedModel {
  readonly colour: string;
  readonly dash: string | undefined;
  /** One that is filled. */
  readonly symbol: (typeof symbols)[number];
}

const colours = 8;
const symbols = ["circle", "square2", "diamond2", "triangle2", "star", "hexagon", "cross", "wye"] as const;

export function drawnModels({ models }: Comparison): DrawnModel[] {
  return models.map((model, index) => ({
    ...model,
    colour: `var(--colour-${index % colours})`,
    dash: index < colours ? undefined : "5 3",
    symbol: symbols[index % symbols.length]!,
  }));
}

export const percentOrMetric = (value: number): string => value.toFixed(4).replace(/^(-?)0\./, "$1.");
export const thousands = (count: number): string => Math.round(count).toLocaleString("en-US");
