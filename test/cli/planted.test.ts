import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { polymind, temporaryFolder } from "./command-line.ts";

const jsonOf = async (file: string) => JSON.parse(await readFile(file, "utf8"));

test("polymind demo: MIND finds more of the planted interests than one vector, and the next item more often", async () => {
  const json = join(await temporaryFolder(), "demo.json");
  const { code, out, errors } = await polymind(["demo", "--users", "800", "--json", json]);
  expect({ code, errors }).toEqual({ code: 0, errors: [] });
  const { contestants } = await jsonOf(json);
  const [popular, single, mind] = contestants;
  expect(popular).toMatchObject({ name: "most popular", recovered: null });
  expect(mind.recovered).toBeGreaterThan(2 * single.recovered);
  expect(mind.matchedCosine).toBeGreaterThan(single.matchedCosine);
  expect(mind.metrics[0].hitRate).toBeGreaterThan(1.2 * single.metrics[0].hitRate);
  expect(out).toContain("planted interests recovered");
  expect(out).toContain("MIND's capsules find the next item");
});

test("polymind planted: a row for each model, a column for each number of topics, the same at every run", async () => {
  const json = join(await temporaryFolder(), "planted.json");
  const run = async (...argv: string[]) => {
    const outcome = await polymind(["planted", ...argv, "--users", "400", "--epochs", "3", "--json", json]);
    return { ...outcome, results: await jsonOf(json) };
  };
  const models = ["--models", "sa=comirec-sa,youtube-dnn", "--set", "sa.interests=3"];
  const { code, out, errors, results } = await run(...models, "--topics", "1,3");
  expect({ code, errors }).toEqual({ code: 0, errors: [] });
  expect(out).toMatch(/topics of a user +│ +1 │ +3 │/);
  expect(out).toMatch(/│ sa +│ +\d+ % \(\d\.\d\d\) │ +\d+ %/);
  const [several, single] = results.models;
  expect(several.results.map(({ topics }: { topics: number }) => topics)).toEqual([1, 3]);
  expect(several.results[1].recovered).toBeGreaterThan(2 * single.results[1].recovered);
  expect(single.results[1].recovered).toBeLessThanOrEqual(1 / 3);
  const again = await run("--models", "youtube-dnn", "--topics", "3");
  expect(again.results.models[0].results).toEqual([single.results[1]]);
});

test.each([
  { argv: ["--models", "wals"], want: "error: --models wals: wals makes no interests; name models that are trained" },
  { argv: ["--models", "maxmf", "--similarity", "dot"], want: "none of maxmf has such an option" },
  { argv: ["--topics", "17"], want: "--topics: too big: expected number to be <=16, got 17" },
  { argv: ["--topics", "0"], want: "--topics: too small" },
])("polymind planted $argv", async ({ argv, want }) => {
  const { code, errors } = await polymind(["planted", ...argv]);
  expect(code).toBe(1);
  expect(errors).toEqual([expect.stringContaining(want)]);
});
