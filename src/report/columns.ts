import type { Estimate } from "../evaluation/estimate.ts";
import type { ModelSummary } from "./comparison.ts";

/** A column of a leaderboard. */
export interface Column {
  readonly head: string;
  readonly of: (summary: ModelSummary) => Estimate | null;
  readonly show: (value: number) => string;
  /** Which value is the best; none where more is not better. */
  readonly best?: "most" | "least";
}

type Summarised = readonly { readonly summary: ModelSummary }[];

/** The best mean of a column; none where there is nothing to be better than. */
export function bestOf({ of, best }: Column, models: Summarised): number | undefined {
  if (best === undefined || models.length < 2) return undefined;
  const means = models.flatMap(({ summary }) => of(summary)?.mean ?? []);
  return best === "most" ? Math.max(...means) : Math.min(...means);
}

/** Columns that say something: some model has a value, and recall is more than the hit rate again, as it is with one target each. */
export function shownColumns<T extends Column>(columns: readonly T[], models: Summarised): T[] {
  const isOneTarget = models.every(({ summary: { metrics } }) =>
    metrics.every(({ hitRate, recall }) => hitRate?.mean === recall?.mean),
  );
  return columns.filter(
    ({ head, of }) => (head !== "Recall" || !isOneTarget) && models.some(({ summary }) => of(summary) !== null),
  );
}
