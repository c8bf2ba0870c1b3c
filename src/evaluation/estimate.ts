/** What repeated runs say of one number. */
export interface Estimate {
  readonly mean: number;
  /** Standard deviation of the sample (divided by n - 1); null for a single run. */
  readonly deviation: number | null;
  readonly runs: number;
}

/** Mean and deviation over runs; null where a run has no such number. */
export function estimate(values: readonly (number | null)[]): Estimate | null {
  const numbers = values.filter((value) => value !== null);
  const runs = numbers.length;
  if (runs === 0 || runs < values.length) return null;
  const mean = numbers.reduce((sum, value) => sum + value, 0) / runs;
  if (runs === 1) return { mean, deviation: null, runs };
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (runs - 1)), runs };
}
