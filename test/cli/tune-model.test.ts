import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Trial } from "../../src/cli/trials-file.ts";
import { polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

interface Trials {
  readonly trials: readonly Trial[];
  readonly best: { readonly options: Readonly<Record<string, unknown>>; readonly command: string };
}
const jsonOf = async (file: string): Promise<Trials> => JSON.parse(await readFile(file, "utf8"));
const timeless = ({ trials, best }: Trials) => ({ trials: trials.map(({ seconds: _, ...trial }) => trial), best });

const tableRows = (out: string) => out.split("\n").filter((line) => /^│ \d/.test(line));

describe("polymind tune-model", () => {
  let folder: string;
  let argv: readonly string[];
  let trials: Trials;
  let out: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "polymind-tune-model-"));
    const withoutInterests = smallModel.filter(
      (word, i) => word !== "--interests" && smallModel[i - 1] !== "--interests",
    );
    const [log, json] = [await writeLog(folder), join(folder, "trials.json")];
    const space = ["--try", "interests=1,3", "--try", "negatives=20,40", "--search", "grid"];
    const fixed = withoutInterests.filter((word, i, all) => word !== "--negatives" && all[i - 1] !== "--negatives");
    argv = ["tune-model", "--interactions", log, ...fixed, "--epochs", "2", ...space];
    const outcome = await polymind([...argv, "--json", json]);
    expect(outcome).toMatchObject({ code: 0, errors: [] });
    out = outcome.out;
    trials = await jsonOf(json);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("tries every combination and shows the best first", () => {
    expect(trials.trials.map(({ options }) => options)).toEqual([
      { interests: 1, negatives: 20 },
      { interests: 1, negatives: 40 },
      { interests: 3, negatives: 20 },
      { interests: 3, negatives: 40 },
    ]);
    const scores = trials.trials.map(({ validation }) => validation.find(({ at }) => at === 50)!.hitRate);
    const best = scores.indexOf(Math.max(...scores));
    expect(trials.best.options).toEqual(trials.trials[best]!.options);
    const rows = tableRows(out);
    expect(rows).toHaveLength(4);
    expect(rows[0]).toContain(Math.max(...scores).toFixed(4));
  });

  test("trials share the vectors that their items begin with", () => {
    expect(out.match(/item embeddings begin with vectors of wals, fitted in/g)).toHaveLength(1);
    expect(out.match(/item embeddings begin with vectors of wals that were fitted before/g)).toHaveLength(3);
  });

  test("the command at its end trains the best model, with the same validation", async () => {
    const [, command] = out.match(/^the best on the validation users: (npx polymind train .* --out model\/)$/m)!;
    expect(command).toBe(trials.best.command);
    const [model, json] = [join(folder, "model"), join(folder, "trained.json")];
    const words = command!.replace("npx polymind ", "").replace("model/", model).split(" ");
    expect(await polymind([...words, "--json", json])).toMatchObject({ code: 0, errors: [] });
    const { epochs, bestEpoch } = JSON.parse(await readFile(json, "utf8"));
    const best = trials.trials.find(({ options }) => JSON.stringify(options) === JSON.stringify(trials.best.options))!;
    expect(epochs[bestEpoch].validation).toEqual(best.validation);
    expect(bestEpoch).toBe(best.bestEpoch);
  });

  test("an interrupted search goes on and finds the same", async () => {
    const json = join(folder, "parts.json");
    const first = await polymind([...argv, "--json", json], (line, interrupt) => {
      if (/^\[2\/4\] .*: validation/.test(line)) interrupt();
    });
    expect(first.code).toBe(130);
    expect(first.out).toContain("2 of 4 combinations are not tried; the same command goes on from here");
    const second = await polymind([...argv, "--json", json]);
    expect(second).toMatchObject({ code: 0, errors: [] });
    expect(second.out).toContain("2 trials were done before");
    expect(timeless(await jsonOf(json))).toEqual(timeless(trials));
  });

  test("a search with other options does not go on from there", async () => {
    const json = join(folder, "trials.json");
    const other = await polymind([...argv, "--json", json, "--seed", "3"]);
    expect(other).toMatchObject({
      code: 1,
      errors: [`error: ${json} holds trials with seed 1, this search has 3; name another --json`],
    });
    const foreign = join(folder, "foreign.json");
    await writeFile(foreign, "[]");
    expect((await polymind([...argv, "--json", foreign])).errors).toEqual([
      `error: ${foreign} is there and holds no trials of tune-model; name another --json`,
    ]);
  });

  test("ends when the time is over, with what was validated until then", async () => {
    // Time enough for the first pass on a slow machine, whose kernels are compiled within it.
    const outcome = await polymind([...argv, "--epochs", "100000", "--patience", "100000", "--minutes", "0.15"]);
    expect(outcome).toMatchObject({ code: 0, errors: [] });
    expect(tableRows(outcome.out)).toHaveLength(1);
    expect(outcome.out).toMatch(/cut short by --minutes/);
    expect(outcome.out).toContain("3 of 4 combinations are not tried");
  });
});

test("models that are fitted are searched, too; at most so many trials", async () => {
  const folder = await temporaryFolder();
  const space = ["--try", "confidence=1,5,20", "--try", "dimension=4,8", "--trials", "2", "--epochs", "1"];
  const given = ["--interactions", await writeLog(folder), "--model-name", "wals", ...space];
  const { code, out, errors } = await polymind(["tune-model", ...given]);
  expect({ code, errors }).toEqual({ code: 0, errors: [] });
  expect(tableRows(out)).toHaveLength(2);
  expect(out).toMatch(/--model-name wals --epochs 1 --confidence \d+ --dimension \d --out model\/$/m);
});

test.each([
  ["no log", "", /^error: no log to train on: name it with --interactions FILE$/],
  [
    "a value twice given",
    "--interactions LOG --rate 1e-3 --try rate=1e-3,3e-3",
    /^error: --rate: --try has values for it, too; leave one out$/,
  ],
  [
    "nothing that fits",
    "--interactions LOG --length 2 --try interests=4,8",
    /^error: interests 4 is more than length 2: /,
  ],
  [
    "nothing to try",
    "--interactions LOG --model-name item-cf",
    /^error: nothing to try: name options of item-cf and values with --try$/,
  ],
  ["no time", "--interactions LOG --minutes 0", /^error: --minutes: too small: expected number to be >0, got 0$/],
  [
    "a file that cannot be written",
    "--interactions LOG --json FOLDER/none/trials.json",
    /^error: cannot write FOLDER\/none\/trials.json: there is no folder FOLDER\/none$/,
  ],
])("bad input: %s", async (_, given, expected) => {
  const folder = await temporaryFolder();
  const log = await writeLog(folder);
  const words = `tune-model ${given}`.replaceAll("LOG", log).replaceAll("FOLDER", folder);
  const { code, errors } = await polymind(words.split(" ").filter(Boolean));
  expect(code).toBe(1);
  expect(errors).toHaveLength(1);
  expect(errors[0]!.replaceAll(log, "LOG").replaceAll(folder, "FOLDER")).toMatch(expected);
});
