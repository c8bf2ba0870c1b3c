import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeTuned, describeTuning } from "../../src/cli/tuning-table.ts";
import type { TunedOp } from "../../src/device/tuner.ts";
import type { NodeFamilies } from "../../src/graph/program.ts";
import type { TunedChoice } from "../../src/graph/tuning.ts";
import { type Outcome, polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

const columns = ["--user", "user_id", "--item", "item_id", "--time", "position"];
const tableOf = (out: string) => out.split("\n").filter((line) => line.startsWith("│"));
const jsonOf = async (file: string) => JSON.parse(await readFile(file, "utf8"));

describe("polymind tune", () => {
  let folder: string;
  let options: readonly string[];
  let cache: string;
  let tuned: Outcome;
  let ops: readonly TunedOp[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "polymind-tune-"));
    cache = join(folder, "tuning.json");
    const json = join(folder, "report.json");
    options = ["--interactions", await writeLog(folder), ...columns, ...smallModel, "--cache", cache];
    tuned = await polymind(["tune", ...options, "--seconds-per-op", "0.01", "--json", json]);
    expect(tuned).toMatchObject({ code: 0, errors: [] });
    ops = (await jsonOf(json)).ops;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("measures the kernels of a training step, and says which are the best", () => {
    expect(ops.length).toBeGreaterThan(3);
    for (const { op, families, chosen } of ops) {
      expect(families.length, op).toBeGreaterThan(1);
      expect(families.map(({ refused }) => refused).filter(Boolean), op).toEqual([]);
      expect(families.some(({ name }) => name === chosen)).toBe(true);
    }
    const rows = tableOf(tuned.out).slice(1);
    expect(rows).toHaveLength(ops.reduce((sum, { families }) => sum + families.length, 0));
    expect(rows.filter((row) => row.includes("standard"))).toHaveLength(ops.length);
    expect(tuned.out).toMatch(
      /^\d+ ops in [\d.]+ s; remembered in .*tuning\.json\. To use it: npx polymind train --tuned/m,
    );
  });

  test("a tuned model is trained, resumed and judged with its own choices: a resumed training ends with the same bits", async () => {
    const { choices, ...file } = (await jsonOf(cache)) as { choices: TunedChoice[] };
    expect(choices).toHaveLength(ops.length);
    // Whatever was the fastest, route is computed by a family that nobody would take untold.
    const others = choices.map((choice, i) => {
      const { op, families, standard } = ops[i]!;
      return op === "route" ? { ...choice, family: families.find(({ name }) => name !== standard)!.name } : choice;
    });
    await writeFile(cache, JSON.stringify({ ...file, choices: others }));
    const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
    const begin = ["train", ...options, "--tuned", "--epochs", "2"];
    const trained = await polymind([...begin, "--out", whole]);
    expect(trained).toMatchObject({ code: 0, errors: [] });
    expect(trained.out).toMatch(/^tuned kernels for (\d+) of the \1 ops that have several families of them$/m);
    const interrupted = await polymind([...begin, "--out", parts], (line, interrupt) => {
      if (line.startsWith("epoch 1/2")) interrupt();
    });
    expect(interrupted).toMatchObject({ code: 130, errors: [] });
    await rm(cache);
    const resumed = await polymind(["train", "--out", parts, "--resume"]);
    expect(resumed).toMatchObject({ code: 0, errors: [] });
    expect(resumed.out).toMatch(/^tuned kernels for \d+ of/m);
    for (const name of ["model.safetensors", "training.safetensors"]) {
      expect((await readFile(join(parts, name))).equals(await readFile(join(whole, name))), name).toBe(true);
    }
    const judged = await polymind(["evaluate", "--model", whole]);
    expect(tableOf(judged.out)).toEqual(tableOf(trained.out));
  });

  test("without a log it takes a shape", async () => {
    const given = ["--shape", "8,6,4", "--items", "50", "--hidden-layers", "5", "--model-name", "youtube-dnn"];
    const json = join(folder, "shape.json");
    const more = ["--negatives", "10", "--seconds-per-op", "0.01", "--cache", join(folder, "shape-cache.json")];
    const { code, out, errors } = await polymind(["tune", ...given, ...more, "--quiet", "--json", json]);
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.split("\n")[0]).toMatch(/^┌/);
    const report = await jsonOf(json);
    expect(report.items).toBe(50);
    expect(report.ops.map(({ op, shapes }: TunedOp) => `${op} ${shapes}`)).toContain("linear [8, 4] [4, 5] [1, 5]");
  });
});

test("how many ops of a step the choices serve is said", () => {
  const node = { op: {} } as NodeFamilies["node"];
  const family = (picked: boolean, ...supported: string[]) => ({ node, chosen: "a", picked, supported });
  const [served, other, only] = [family(true, "a", "b"), family(false, "a", "b"), family(false, "a")];
  expect(describeTuned([served, other, only])).toBe(
    "tuned kernels for 1 of the 2 ops that have several families of them",
  );
  expect(describeTuned([other, only])).toBe(
    "note: what was tuned fits none of these ops and shapes: run npx polymind tune with the same options",
  );
});

test("a tuning table puts the fastest first, marks the chosen, and says why others were refused", () => {
  const lines = describeTuning([
    {
      op: "matmul",
      shapes: "[2, 3] [3, 4]",
      nodes: 3,
      standard: "plain",
      chosen: "workgroup",
      seconds: 1,
      families: [
        { name: "subgroup", refused: "output 0: off by 1.0e-3 of the largest magnitude" },
        { name: "plain", milliseconds: 2 },
        { name: "workgroup", milliseconds: 1.234 },
      ],
    },
  ]);
  const cells = tableOf(lines[0]!).map((line) =>
    line
      .split("│")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
  expect(cells.slice(1)).toEqual([
    ["matmul", "[2, 3] [3, 4]", "3", "workgroup", "1.23", "chosen"],
    ["", "", "", "plain", "2.00", "standard"],
    ["", "", "", "subgroup", "-", "refused"],
  ]);
  expect(lines.slice(1)).toEqual([
    "refused: subgroup of matmul [2, 3] [3, 4]: output 0: off by 1.0e-3 of the largest magnitude",
    "other kernels than the standard ones are chosen for 1 of 1 ops, which saves about 2.30 ms a step",
  ]);
});

describe("a tuning that cannot be ends with one line", () => {
  const cases: readonly [string, string, string][] = [
    ["nothing to tune for", "tune", "tune for what? Give either the log, --interactions FILE, or --shape B,L,d,K"],
    [
      "a log and a shape",
      "tune --interactions LOG --shape 8,6,4,2",
      "tune for what? Give either the log, --interactions FILE, or --shape B,L,d,K",
    ],
    ["a short shape", "tune --shape 8,6", "--shape: too small: expected array to have >=3 items, got 8,6"],
    ["a size twice", "tune --shape 8,6,4,2 --batch 9", "--batch: --shape says it, too; leave one out"],
    [
      "items of a log",
      "tune --interactions LOG --items 9",
      "--items: the log says how many there are; leave it out, or use --shape",
    ],
    [
      "the references",
      "tune --shape 8,6,4,2 --adapter cpu",
      "--adapter cpu: the references are no kernels to choose among; name another one",
    ],
    [
      "a cache that is something else",
      "tune --shape 8,6,4,2 --cache LOG",
      "LOG: not JSON: .*; name another file, or remove this one and tune again",
    ],
    [
      "a training before any tuning",
      "train --interactions LOG --tuned --cache FOLDER/none.json --out FOLDER/new",
      "FOLDER/none.json: no such file; make it with npx polymind tune",
    ],
    [
      "a training after tuning elsewhere",
      "train --interactions LOG --tuned --cache FOLDER/foreign.json --out FOLDER/new",
      "--tuned: FOLDER/foreign.json has nothing for this adapter; run npx polymind tune with the same options before, or leave it out",
    ],
  ];

  test.each(cases)("%s", async (_, argv, error) => {
    const folder = await temporaryFolder();
    const log = await writeLog(folder);
    const withPaths = (text: string) => text.replaceAll("LOG", log).replaceAll("FOLDER", folder);
    const choices = [{ adapter: "another / GPU", signature: "route", kernels: "0", family: "general" }];
    await writeFile(join(folder, "foreign.json"), JSON.stringify({ format: "polymind-tuning", version: 1, choices }));
    const { code, errors } = await polymind(argv.split(" ").map(withPaths));
    expect(code).toBe(1);
    expect(errors).toEqual([expect.stringMatching(new RegExp(`^error: ${withPaths(error).replaceAll("?", "\\?")}$`))]);
  });

  test("resuming with tuned kernels what was begun without", async () => {
    const folder = await temporaryFolder();
    const model = join(folder, "model");
    const begin = ["train", "--interactions", await writeLog(folder), ...smallModel, "--epochs", "1"];
    await polymind([...begin, "--adapter", "cpu", "--out", model]);
    expect((await jsonOf(join(model, "config.json"))).tuning).toBeUndefined();
    const { code, errors } = await polymind(["train", "--out", model, "--resume", "--tuned"]);
    expect(code).toBe(1);
    expect(errors).toEqual([
      `error: --tuned: ${model} was begun without, and tuned kernels would change its bits; leave it out, or train anew into another folder`,
    ]);
  });
});
