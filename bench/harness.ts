import Benchmark from "benchmark";

/** What a repeated piece of work took. */
export interface Timing {
  readonly median_ms: number;
  /** The middle half of the samples lies within this many milliseconds. */
  readonly spread_ms: number;
}

/** How long to measure one thing. */
export interface Patience {
  /** Seconds of samples for each timing. */
  readonly seconds: number;
  /** Samples that are taken even where they need longer. */
  readonly leastSamples: number;
}

/** Times asynchronous, warmed-up work with the package `benchmark`; rejects when the work does. */
export async function time(name: string, work: () => Promise<unknown>, patience: Patience): Promise<Timing> {
  const { seconds, leastSamples } = patience;
  let failure: { readonly error: unknown } | undefined;
  const suite = new Benchmark(name, {
    defer: true,
    maxTime: seconds,
    minSamples: leastSamples,
    minTime: Math.min(0.02, seconds / 10),
    // `benchmark` sees no rejected promise, so both ways resolve.
    fn(deferred: { resolve(): void }) {
      work().then(
        () => deferred.resolve(),
        (error: unknown) => {
          failure ??= { error };
          suite.abort();
          deferred.resolve();
        },
      );
    },
  });
  await new Promise<void>((resolve) => {
    suite.on("complete abort", () => resolve());
    suite.run({ async: true });
  });
  if (failure) throw failure.error;
  const milliseconds = suite.stats.sample.map((sampleSeconds) => sampleSeconds * 1000).sort((a, b) => a - b);
  return {
    median_ms: quantile(milliseconds, 0.5),
    spread_ms: quantile(milliseconds, 0.75) - quantile(milliseconds, 0.25),
  };
}

/** The quantile of ascending numbers, between two of them where it falls there. */
export function quantile(ascending: readonly number[], share: number): number {
  const position = (ascending.length - 1) * share;
  const below = Math.floor(position);
  const low = ascending[below] ?? Number.NaN;
  const high = ascending[Math.min(below + 1, ascending.length - 1)] ?? Number.NaN;
  return low + (high - low) * (position - below);
}

const queuedMilliseconds = 20;

/**
 * Times one run of a program by runs that wait for each other in the device's queue, so that what a submit and a readback
 * cost beside the kernels is shared by all of them.
 */
export async function timeQueued(
  name: string,
  submit: () => Promise<unknown>,
  wait: () => Promise<unknown>,
  once_ms: number,
  patience: Patience,
): Promise<Timing> {
  const runs = Math.min(64, Math.max(1, Math.ceil(queuedMilliseconds / once_ms)));
  const queue = async () => {
    for (let i = 0; i < runs; i++) await submit();
    await wait();
  };
  const { median_ms, spread_ms } = await time(name, queue, patience);
  return { median_ms: median_ms / runs, spread_ms: spread_ms / runs };
}
