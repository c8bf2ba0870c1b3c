import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { build } from "tsdown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import type { Arrays } from "../../src/models/arrays.ts";
import type * as Wals from "../../src/models/wals.ts";
import type * as Crew from "../../src/models/wals-crew.ts";
import shipped from "../../tsdown.config.ts";
import { sequencesOf } from "../data/sequences.ts";

// The workers' code is a file that the build puts beside the others, so these tests run what is shipped.
const folder = join(import.meta.dirname, "../dist");
let wals: typeof Wals.wals;
let threadsHere: typeof Crew.threadsHere;
let options: Wals.WalsOptions;
beforeAll(async () => {
  const entry = { ...(shipped.entry as object), wals: "src/models/wals.ts", crew: "src/models/wals-crew.ts" };
  await build({ ...shipped, entry, outDir: folder, dts: false, config: false, logLevel: "silent" });
  const built: typeof Wals = await import(/* @vite-ignore */ join(folder, "wals.js"));
  ({ threadsHere } = await import(/* @vite-ignore */ join(folder, "crew.js")));
  wals = built.wals;
  options = { ...built.walsDefaults, dimension: 6 };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Users of few items and of many, more of them than go into one chunk. */
const log = plantedLog({ users: 700, items: 260, topics: 13, length: [1, 20], seed: 3 });
const silent = async () => {};

test("the bits of two passes do not depend on the number of threads", async () => {
  const twoPasses = async (threads: number) => {
    const model = wals(options, threads);
    const first = await model.pass(log, undefined, silent);
    return [first, await model.pass(log, first.arrays, silent)];
  };
  const want = await twoPasses(0);
  for (const threads of [1, 2, 3]) expect(await twoPasses(threads), `${threads} threads`).toEqual(want);
  const cores = availableParallelism();
  expect(threadsHere()).toBe(cores > 1 ? cores : 0);
});

test("progress comes from all threads and ends with all rows", async () => {
  const reports: number[] = [];
  const total = log.userCount + log.itemCount + 2;
  await wals(options, 3).pass(log, undefined, async (done, all) => {
    expect(all).toBe(total);
    reports.push(done);
  });
  expect(reports).toEqual(reports.toSorted((a, b) => a - b));
  expect(reports.at(-1)).toBe(total);
  expect(reports.filter((done) => done < total).length).toBeGreaterThan(10);
});

test("what progress throws ends the pass and its threads, and another pass has the same bits", async () => {
  const model = wals(options, 2);
  const interrupted = model.pass(log, undefined, async (done) => {
    if (done > 100) throw new Error("interrupted");
  });
  await expect(interrupted).rejects.toThrow("interrupted");
  const bits = ({ arrays }: { readonly arrays: Arrays }) => arrays;
  expect(bits(await model.pass(log, undefined, silent))).toEqual(
    bits(await wals(options, 0).pass(log, undefined, silent)),
  );
});

test("what goes wrong in a thread is said as it would be without", async () => {
  const few = sequencesOf(Array.from({ length: 70 }, () => [1, 2, 3, 4]));
  const singular = { ...options, regularisation: 0 };
  for (const threads of [0, 2])
    await expect(wals(singular, threads).pass(few, undefined, silent)).rejects.toThrow(
      /^wals: factors that depend on each other have no solution .*; raise --regularisation$/,
    );
});
