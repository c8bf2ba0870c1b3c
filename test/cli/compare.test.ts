import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fittedNames, modelNames } from "../../src/models/registry.ts";
import type { Comparison } from "../../src/report/comparison.ts";
import { type Outcome, polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

const jsonOf = async (file: string): Promise<Comparison> => JSON.parse(await readFile(file, "utf8"));
const without = ["--models", "mind,single=mind,wals,most-popular", "--set", "single.interests=1,wals.dimension=6"];
const common = ["--epochs", "2", "--at", "5,20"];

const titles = Array.from({ length: 80 }, (_, i) => `topic${Math.floor(i / 10)}-item${i % 10}`);

/** What does not depend on the clock. */
const timeless = (comparison: Comparison) =>
  comparison.models.map(({ label, options, runs, summary }) => ({
    label,
    options,
    runs: runs.map(({ seed, bestEpoch, history, test: measured }) => ({
      ...{ seed, bestEpoch, test: measured },
      history: history.map(({ seconds: _, samplesPerSecond: __, ...epoch }) => epoch),
    })),
    metrics: summary.metrics,
  }));

describe("polymind compare", () => {
  let folder: string;
  let log: string;
  let argv: readonly string[];
  let outcome: Outcome;
  let comparison: Comparison;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "polymind-compare-"));
    log = await writeLog(folder);
    argv = ["compare", ...without, ...common, ...smallModel, "--interactions", log, "--seeds", "2", "--seed", "7"];
    const json = join(folder, "comparison.json");
    const catalogue = join(folder, "catalogue.csv");
    await writeFile(
      catalogue,
      `item,title,topic\n${titles.map((title, i) => `${title},"</script><b>${i}",a${i % 3}`).join("\n")}\n`,
    );
    const shown = ["--catalogue", catalogue, "--title", "title", "--report", join(folder, "report.html")];
    argv = [...argv, ...shown];
    outcome = await polymind([...argv, "--out", join(folder, "runs"), "--json", json]);
    expect(outcome).toMatchObject({ code: 0, errors: [] });
    comparison = await jsonOf(json);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("runs each model with each seed, and what knows no chance once", async () => {
    const seeds = comparison.models.map(({ label, runs }) => [label, runs.map(({ seed }) => seed)]);
    expect(seeds).toEqual([
      ["mind", [7, 8]],
      ["single", [7, 8]],
      ["wals", [7, 8]],
      ["most-popular", [7]],
    ]);
    expect((await readdir(join(folder, "runs"))).toSorted()).toEqual([
      ...["mind-seed-7", "mind-seed-8", "most-popular-seed-7", "single-seed-7", "single-seed-8"],
      ...["wals-seed-7", "wals-seed-8"],
    ]);
  });

  test("models share the vectors that their items begin with, one fitting for each seed", () => {
    const told = outcome.out.split("\n").filter((line) => line.includes("item embeddings begin with"));
    expect(told.map((line) => line.replace(/[\d.]+ s$/, "x s"))).toEqual([
      "[1/7] mind, seed 7: item embeddings begin with vectors of wals, fitted in x s",
      "[2/7] mind, seed 8: item embeddings begin with vectors of wals, fitted in x s",
      "[3/7] single, seed 7: item embeddings begin with vectors of wals that were fitted before",
      "[4/7] single, seed 8: item embeddings begin with vectors of wals that were fitted before",
    ]);
  });

  test("options go to the models that have them, and those of --set to one", () => {
    const [mind, single, wals] = comparison.models.map(({ options }) => options);
    expect(mind).toMatchObject({ modelName: "mind", interests: 3, dimension: 8, length: 10 });
    expect(single).toEqual({ ...mind, interests: 1 });
    expect(wals).toMatchObject({ modelName: "wals", dimension: 6, length: 10 });
    expect(comparison.models[0]!.training).toMatchObject({ epochs: 2, negatives: 40, rate: 0.01 });
  });

  test.each(["mind", "wals"])("%s is what train and evaluate say of it with the same seed", async (name) => {
    const [model, json] = [join(folder, `alone-${name}`), join(folder, "alone.json")];
    const size = name === "wals" ? ["--dimension", "6", "--length", "10"] : smallModel;
    const own = ["--interactions", log, "--model-name", name, ...size, "--epochs", "2", "--seed", "8"];
    const trained = await polymind(["train", ...own, "--out", model]);
    expect(trained).toMatchObject({ code: 0, errors: [] });
    const categories = ["--item-features", join(folder, "catalogue.csv"), "--category", "topic"];
    const metrics = ["--metrics", "hit-rate,coverage,diversity,popularity", "--at", "5,20", ...categories];
    expect(await polymind(["evaluate", "--model", model, ...metrics, "--json", json])).toMatchObject({ code: 0 });
    const judged = JSON.parse(await readFile(json, "utf8"));
    const { test: measured } = comparison.models.find(({ label }) => label === name)!.runs[1]!;
    expect(measured.metrics).toEqual(judged.model);
    expect(measured.lists).toEqual(judged.lists.model);
    expect(measured.interestCosine).toBe(judged.interestCosine);
    expect(measured.interestsInUse).toBe(judged.interestsInUse);
  });

  test("the leaderboard shows means and deviations of the runs, and marks the best", () => {
    const { summary, runs } = comparison.models[0]!;
    const [a, b] = runs.map(({ test: measured }) => measured.metrics[1]!.hitRate) as [number, number];
    expect(summary.metrics[1]!.hitRate!.mean).toBeCloseTo((a + b) / 2, 12);
    expect(summary.metrics[1]!.hitRate!.deviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    const cell = `${((a + b) / 2).toFixed(4)} ± ${(Math.abs(a - b) / Math.SQRT2).toFixed(4)}`;
    const rows = outcome.out.split("\n").filter((line) => /^│ mind /.test(line));
    expect(rows).toHaveLength(3);
    expect(rows[1]).toContain(cell);
    const best = Math.max(...comparison.models.map((model) => model.summary.metrics[1]!.hitRate!.mean));
    expect(outcome.out).toContain(`* ${best.toFixed(4)}`);
    expect(outcome.out).toContain("mean ± standard deviation over seeds");
  });

  test("the parts of the users make up the whole", () => {
    for (const { runs } of comparison.models) {
      const { users, metrics, byHistoryLength, byPopularity } = runs[0]!.test;
      for (const groups of [byHistoryLength, byPopularity]) {
        expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(users);
        const hits = groups.reduce((sum, { count, found }) => sum + count * found[1]!, 0);
        expect(hits / users).toBeCloseTo(metrics[1]!.hitRate, 12);
      }
    }
    expect(comparison.models[0]!.runs[0]!.test.usage!.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(comparison.models[3]!.runs[0]!.test.usage).toBeNull();
  });

  test("the report holds the comparison as the JSON file does, and loads nothing", async () => {
    const html = await readFile(join(folder, "report.html"), "utf8");
    const scripts = [...html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];
    expect(scripts.map(([, attributes]) => attributes)).toEqual([' type="application/json" id="comparison"', ""]);
    expect(JSON.parse(scripts[0]![2]!)).toEqual(comparison);
    // What no browser runs or shows is parsed here at least.
    expect(() => new Function(scripts[1]![2]!)).not.toThrow();
    const without = html.replace(scripts[0]![2]!, "");
    // `url(#...)` names a part of the page itself.
    const loading = /<(link|img|iframe|script src)|@import|url\((?!#)|\bimport\(|XMLHttpRequest|WebSocket|\bfetch\(/g;
    expect([...without.matchAll(loading)].map(([found]) => found)).toEqual([]);
    const addresses = new Set(
      [...without.matchAll(/https?:\/\/[^\s"'`)]+/g)].map(([address]) => new URL(address).host),
    );
    expect([...addresses]).toEqual(["www.w3.org"]);
  });

  test("the interest map has each user's interests among the items", () => {
    const { items, categories, users, models } = comparison.map!;
    expect(categories).toEqual(["a0", "a1", "a2"].toSorted((a, b) => categories.indexOf(a) - categories.indexOf(b)));
    expect(models.map(({ label }) => label)).toEqual(["mind", "single"]);
    expect(users).toHaveLength(12);
    expect(items.every(({ title }) => title.startsWith("</script><b>"))).toBe(true);
    for (const { x, y, users: own } of models) {
      expect([x.length, y.length, own.length]).toEqual([items.length, items.length, users.length]);
      for (const [index, { interests }] of own.entries()) {
        const { history, targets } = users[index]!;
        const seen = interests.flatMap(({ behaviours }) => behaviours).toSorted((a, b) => a - b);
        // The model sees ten behaviours, each nearest to one interest.
        expect(seen).toEqual(Array.from(history.keys()).slice(-10));
        for (const interest of interests) {
          expect(interest.items.filter((item) => history.includes(item) && !targets.includes(item))).toEqual([]);
          const mean = interest.items.reduce((sum, item) => sum + x[item]!, 0) / interest.items.length;
          expect(interest.x).toBeCloseTo(mean, 2);
        }
      }
    }
    expect(models[1]!.users.every(({ interests }) => interests.length === 1)).toBe(true);
  });

  test("what is done is not trained again", async () => {
    const json = join(folder, "again.json");
    const again = await polymind([...argv, "--out", join(folder, "runs"), "--json", json]);
    expect(again).toMatchObject({ code: 0, errors: [] });
    expect(again.out.match(/trained before, in/g)).toHaveLength(7);
    expect(again.out).not.toContain("epoch 1/2");
    expect(timeless(await jsonOf(json))).toEqual(timeless(comparison));
  });

  test("an interrupted comparison shows what is done, and ends with the same bits", async () => {
    const [out, json] = [join(folder, "parts"), join(folder, "parts.json")];
    const first = await polymind([...argv, "--out", out, "--json", json], (line, interrupt) => {
      if (line.startsWith("[2/7] mind, seed 8: epoch 1/2")) interrupt();
    });
    expect(first).toMatchObject({ code: 130, errors: [] });
    expect(first.out).toContain("interrupted: 1 of 7 runs are done; the same command goes on from here");
    expect((await jsonOf(json)).models).toHaveLength(1);
    const second = await polymind([...argv, "--out", out, "--json", json]);
    expect(second).toMatchObject({ code: 0, errors: [] });
    expect(second.out.match(/trained before, in/g)).toHaveLength(1);
    expect(timeless(await jsonOf(json))).toEqual(timeless(comparison));
  });

  test("a folder of other options is refused, and the other models are compared all the same", async () => {
    const out = await temporaryFolder();
    await cp(join(folder, "runs", "wals-seed-7"), join(out, "wals-seed-7"), { recursive: true });
    const given = ["--models", "wals,most-popular", "--interactions", log, "--seed", "7", "--out", out];
    const training = ["--batch", "16", "--negatives", "40", "--scoring", "best", "--rate", "0.01"];
    const model = ["--length", "10", "--dimension", "5"];
    const refused = await polymind(["compare", ...given, ...common, ...training, ...model]);
    expect(refused.code).toBe(1);
    expect(refused.errors).toEqual([
      `error: wals, seed 7: --dimension 5 differs from 6, with which ${join(out, "wals-seed-7")} was trained; leave it out, or train anew into another folder`,
    ]);
    expect(refused.out).toContain("│ most-popular │");
  });
});

test("every model of the registry takes part, and those with vectors have a map", async () => {
  const folder = await temporaryFolder();
  const [json, report] = [join(folder, "all.json"), join(folder, "all.html")];
  const size = ["--dimension", "8", "--length", "10", "--epochs", "1", "--batch", "64", "--negatives", "20"];
  const given = ["--interactions", await writeLog(folder), ...size, "--json", json, "--report", report];
  const outcome = await polymind(["compare", "--models", modelNames.join(","), ...given]);
  expect(outcome).toMatchObject({ code: 0, errors: [] });
  const { models, map } = await jsonOf(json);
  expect(models.map(({ label }) => label)).toEqual(modelNames);
  expect(map!.models.map(({ label }) => label)).toEqual(modelNames.filter((name) => !fittedNames.includes(name)));
});

test.each([
  ["no models", "", /^error: no models to compare: name them with --models, of mind, /],
  [
    "an unknown model",
    "--models mind,mint",
    /^error: --models mint: expected one of mind, .*, or a label and one of them/,
  ],
  [
    "a model twice",
    "--models mind,mind",
    /^error: --models: mind is there twice; give one a label of its own, like mind-2=mind$/,
  ],
  ["no seeds", "--models mind --seeds 0", /^error: --seeds: too small: expected number to be >=1, got 0$/],
  [
    "an option that no model has",
    "--models wals,mind --neighbours 3",
    /^error: --neighbours 3: none of wals, mind has such an option; leave it out$/,
  ],
  [
    "a setting of nobody",
    "--models wals --set mind.rate=1",
    /^error: --set mind.rate: mind is none of the models wals$/,
  ],
  [
    "a setting that the model has not",
    "--models wals --set wals.interests=2",
    /^error: --set wals.interests: wals has no such option; it has dimension, /,
  ],
  [
    "a setting of nothing",
    "--models wals --set interests",
    /^error: --set interests: expected a model, an option and a value, like mind.interests=6$/,
  ],
  [
    "a value out of range",
    "--models mind --set mind.hidden-layers=8,0",
    /^error: --set mind.hiddenLayers: too small: expected number to be >=1, got 8,0$/,
  ],
  [
    "a category of no file",
    "--models wals --category genre --interactions LOG",
    /^error: --category and --title: name the file that has them with --catalogue$/,
  ],
  [
    "a report that cannot be written",
    "--models wals --report FOLDER/none/report.html",
    /^error: cannot write FOLDER\/none\/report.html: there is no folder FOLDER\/none$/,
  ],
  [
    "a report in the place of a folder",
    "--models wals --report FOLDER",
    /^error: cannot write FOLDER: it is a folder, not a file$/,
  ],
  [
    "a folder below a file",
    "--models wals --interactions LOG --out LOG/runs",
    /^error: cannot keep models in LOG\/runs: /,
  ],
])("bad input: %s", async (_, given, expected) => {
  const folder = await temporaryFolder();
  const log = await writeLog(folder);
  const words = `compare ${given.includes("LOG") ? "" : "--interactions LOG"} ${given}`
    .replaceAll("LOG", log)
    .replaceAll("FOLDER", folder);
  const { code, errors } = await polymind(words.split(" ").filter(Boolean));
  expect(code).toBe(1);
  expect(errors).toHaveLength(1);
  expect(errors[0]!.replaceAll(log, "LOG").replaceAll(folder, "FOLDER")).toMatch(expected);
});
