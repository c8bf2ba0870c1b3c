import Benchmark from "benchmark";
import type { Program } from "../src/graph/program.ts";
import { quantile } from "./numbers.ts";

/** What a repeated piece of work took. */
export interface Timing {
  readonly median_ms: number;
  /** The middle half of the samples lies within this many milliseconds. */
  readonly spread: number;
}

/** How long to measure one thing. */
export interface Patience {
  /** Seconds of samples for each timing. */
  readonly seconds: number;
  /** Samples that are taken even where they need longer. */
  readonly leastSamples: number;
}

/** Times asynchronous work with the package `benchmark`; rejects when the work does. */
export async function time(name: string, work: () => Promise<unknown>, patience: Patience): Promise<Timing> {
  const { seconds, leastSamples } = patience;
  await settle(work, seconds);
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
  return summary(suite.stats.sample.map((sampleSeconds) => sampleSeconds * 1000));
}

/** Runs that even slow work is given to find its pace in. */
const leastRuns = 3;

/** Repeats work until it no longer becomes faster: caches fill, and waiting for a software adapter finds its pace. */
async function settle(work: () => Promise<unknown>, seconds: number): Promise<void> {
  const end = performance.now() + 2000 * seconds;
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0, idle = 0; run < leastRuns || (idle < 2 && performance.now() < end); run++) {
    const start = performance.now();
    await work();
    const took = performance.now() - start;
    idle = took < 0.97 * best ? 0 : idle + 1;
    best = Math.min(best, took);
  }
}

function summary(milliseconds: readonly number[]): Timing {
  const ascending = [...milliseconds].sort((a, b) => a - b);
  return { median_ms: quantile(ascending, 0.5), spread: quantile(ascending, 0.75) - quantile(ascending, 0.25) };
}

/** Milliseconds of work in one submission, so that what a submission costs does not count. */
const submittedMilliseconds = 20;
const mostLaunches = 2000;

/** Times the launches of one run, many runs in each submission: by the device's clock where it has one, else by the host's. */
export async function timeLaunches(
  program: Pick<Program, "measure" | "dispatches">,
  patience: Patience,
): Promise<Timing & { readonly clock: "device" | "host" }> {
  let clock: "device" | "host" = "host";
  const sample = async (repeats: number) => {
    const { device, wall } = await program.measure({}, "run", repeats);
    clock = device === undefined ? "host" : "device";
    return device ?? wall;
  };
  await sample(1);
  const once = Math.max(1e-3, await sample(1));
  const most = Math.max(1, Math.floor(mostLaunches / Math.max(1, program.dispatches)));
  const repeats = Math.min(most, Math.ceil(submittedMilliseconds / once));
  await settle(() => sample(repeats), patience.seconds / 2);
  const samples: number[] = [];
  const end = performance.now() + 1000 * patience.seconds;
  while (samples.length < patience.leastSamples || performance.now() < end) samples.push(await sample(repeats));
  return { ...summary(samples), clock };
}
