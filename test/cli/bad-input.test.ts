import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFolder } from "../../src/storage/folder.ts";
import { polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

/** On the CPU: none of this is about kernels. */
const onCpu = ["--adapter", "cpu"];

let folder: string;
let log: string;
let model: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polymind-bad-input-"));
  [log, model] = [await writeLog(folder), join(folder, "model")];
  const small = ["--epochs", "1", "--batch", "64", "--negatives", "10"];
  const trained = await polymind(["train", "--interactions", log, ...smallModel, ...small, ...onCpu, "--out", model]);
  expect(trained).toMatchObject({ code: 0, errors: [] });
  await writeFile(join(folder, "few.csv"), "user,item,time\na,x,1\na,y,2\nb,x,1\n");
  await writeFile(join(folder, "broken.csv"), `${(await readFile(log, "utf8")).trim()}\n,topic1-item1,4\nuser1,,5\n`);
  await writeFile(join(folder, "options.json"), '{ "dimension": 8, "dimensions": 8 }');
  await writeFile(join(folder, "zero.json"), '{ "dimension": 0 }');
  await writeFile(join(folder, "text.json"), "dimension = 8");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** `FOLDER`, `LOG` and `MODEL` stand for the paths that each run makes anew. */
const withPaths = (text: string) => text.replaceAll("LOG", log).replaceAll("MODEL", model).replaceAll("FOLDER", folder);

interface Case {
  readonly name: string;
  readonly argv: string;
  readonly error: string;
}

const train = "train --adapter cpu --out FOLDER/new";

const cases: readonly Case[] = [
  {
    name: "an unknown command",
    argv: "trian",
    error: "error: unknown command 'trian' (Did you mean train?); see --help",
  },
  {
    name: "an unknown option",
    argv: "train --dimensions 8",
    error: "error: unknown option '--dimensions' (Did you mean --dimension?); see --help",
  },
  { name: "no log", argv: train, error: "error: no log to train on: name it with --interactions FILE" },
  {
    name: "no folder for the model",
    argv: "train --interactions LOG",
    error: "error: no folder for the model: name it with --out DIR",
  },
  {
    name: "a missing file",
    argv: `${train} --interactions FOLDER/no.csv`,
    error: "error: FOLDER/no.csv: no such file",
  },
  {
    name: "a missing column",
    argv: `${train} --interactions LOG --item product`,
    error: 'error: LOG: no item column "product"; the columns are user_id, item_id, position',
  },
  {
    name: "users with too few interactions",
    argv: `${train} --interactions FOLDER/few.csv`,
    error: "error: no user can be judged: the protocol leave-one-out needs users with 3 interactions",
  },
  {
    name: "a number of another protocol",
    argv: `${train} --interactions LOG --history-share 0.5`,
    error: "error: --history-share 0.5: it has no numbers in the protocol leave-one-out; leave it out",
  },
  {
    name: "a time protocol for a log in file order",
    argv: `${train} --interactions LOG --in-file-order --protocol time`,
    error:
      "error: the time protocol needs the time of every interaction, and this log has none: name its column with --time",
  },
  {
    name: "a time protocol for positions",
    argv: `${train} --interactions LOG --protocol time`,
    error:
      "error: the time protocol needs times that all users share, and here every user begins at 0: a column that counts a user's own interactions is none",
  },
  {
    name: "a folder that cannot be made",
    argv: "train --interactions LOG --out LOG/model",
    error: "error: cannot save a model to LOG/model: it is a file, or lies below one, where a folder is needed",
  },
  {
    name: "a folder of other things",
    argv: "train --interactions LOG --out FOLDER",
    error:
      "error: cannot save a model to FOLDER: it holds files (broken.csv, ...) but no polymind model; name another folder",
  },
  {
    name: "a results file that cannot be written",
    argv: `${train} --interactions LOG --json FOLDER/none/metrics.json`,
    error: "error: cannot write FOLDER/none/metrics.json: there is no folder FOLDER/none",
  },
  {
    name: "more interests than behaviours",
    argv: `${train} --interactions LOG --interests 20 --length 10`,
    error:
      "error: interests 20 is more than length 10: a user has at most as many interests as behaviours; lower --interests or raise --length",
  },
  {
    name: "a text for a number",
    argv: `${train} --dimension wide`,
    error: "error: --dimension: expected number, received string, got wide",
  },
  {
    name: "a number out of range",
    argv: `${train} --batch 0`,
    error: "error: --batch: too small: expected number to be >=1, got 0",
  },
  {
    name: "an unknown choice",
    argv: `${train} --scoring top`,
    error: 'error: --scoring: invalid option: expected one of "chosen"|"best", got top',
  },
  {
    name: "an option of another model",
    argv: `${train} --interactions LOG --model-name youtube-dnn --routing-gradient all`,
    error:
      "error: --routing-gradient all: youtube-dnn has no such option; leave it out or use --model-name mind or mind-short-video",
  },
  {
    name: "a value in a configuration file",
    argv: `${train} --config FOLDER/zero.json`,
    error: "error: FOLDER/zero.json: dimension: too small: expected number to be >=1, got 0",
  },
  {
    name: "a missing configuration file",
    argv: `${train} --config FOLDER/no.json`,
    error: "error: FOLDER/no.json: no such file",
  },
  {
    name: "nothing to resume",
    argv: "train --out FOLDER/none --resume",
    error: "error: no model in FOLDER/none: there is no such folder",
  },
  {
    name: "no model folder",
    argv: "evaluate --model FOLDER/none",
    error: "error: no model in FOLDER/none: there is no such folder",
  },
  {
    name: "a folder without a model",
    argv: "evaluate --model FOLDER",
    error: "error: no model in FOLDER: the folder has no manifest.json",
  },
  {
    name: "a cutoff of zero",
    argv: "evaluate --model MODEL --at 10,0",
    error: "error: --at: too small: expected number to be >=1, got 10,0",
  },
  {
    name: "an unknown user",
    argv: "recommend --model MODEL --user nobody",
    error: "error: MODEL knows no user nobody; recommend to a new one with --history ID,ID,...",
  },
  {
    name: "a history of unknown items",
    argv: "recommend --model MODEL --history 1,2",
    error: "error: none of the 2 items of --history is known to the model; name items of the log",
  },
  {
    name: "a user with no history",
    argv: "recommend --model MODEL --history ,",
    error: "error: --history is empty: name items of the log, oldest first, separated by commas",
  },
  {
    name: "nobody to recommend to",
    argv: "recommend --model MODEL",
    error: "error: recommend to whom? Give either --user ID or --history ID,ID,...",
  },
];

describe("bad input ends with exit code 1 and one line that says what to do", () => {
  test.each(cases)("$name", async ({ argv, error }) => {
    const { code, errors } = await polymind(argv.split(" ").map(withPaths));
    expect(errors).toEqual([withPaths(error)]);
    expect(code).toBe(1);
    expect(await readdir(model)).toContain("model.safetensors");
  });

  test("a configuration file that is none", async () => {
    const unknown = await polymind(["train", "--config", join(folder, "options.json")]);
    expect(unknown.errors).toHaveLength(1);
    expect(unknown.errors[0]).toMatch(
      /options\.json: "dimensions" is no option; known are interactions, .*dimension, .*negativeAlpha, /,
    );
    const text = await polymind(["train", "--config", join(folder, "text.json")]);
    expect(text.errors).toEqual([expect.stringMatching(/text\.json: not JSON: /)]);
  });

  test("the stack comes with --verbose alone", async () => {
    const { errors } = await polymind(["evaluate", "--model", join(folder, "none"), "--verbose"]);
    expect(errors).toEqual([expect.stringMatching(/^error: /), expect.stringMatching(/^PolymindError: .*\n +at /s)]);
  });

  test("rows that cannot be used and ids that were never seen are left out and counted", async () => {
    const out = join(await temporaryFolder(), "model");
    await writeFile(
      join(folder, "good.json"),
      JSON.stringify({
        modelName: "youtube-dnn",
        protocol: "users",
        epochs: 7,
        dimension: 4,
        hiddenLayers: [],
      }),
    );
    const given = [
      "--config",
      join(folder, "good.json"),
      "--interactions",
      join(folder, "broken.csv"),
      "--epochs",
      "1",
      "--negatives",
      "5",
    ];
    const trained = await polymind(["train", ...given, ...onCpu, "--out", out]);
    expect(trained.errors).toEqual([]);
    expect(trained.out).toMatch(/^skipped 1 row with no user \(line \d+\); 1 row with no item \(line \d+\)$/m);
    expect(trained.out).toContain("epoch 1/1: ");
    expect(JSON.parse(await readFile(join(out, "config.json"), "utf8")).model).toMatchObject({
      name: "youtube-dnn",
      options: { dimension: 4 },
    });

    const rows = (await readFile(log, "utf8")).split("\n").slice(0, 60);
    await writeFile(join(folder, "other.csv"), [...rows, "stranger,topic1-item1,1", "stranger,thing,2"].join("\n"));
    const judged = await polymind([
      "evaluate",
      "--model",
      out,
      "--interactions",
      join(folder, "other.csv"),
      "--test-share",
      "1",
      "--validation-share",
      "0",
      ...onCpu,
    ]);
    expect(judged.errors).toEqual([]);
    expect(judged.out).toMatch(/^left out 1 of \d+ items that the model does not know, with 1 of 61 interactions$/m);
    expect(judged.out).toMatch(/^1 of \d+ users are new to the model$/m);
  });
});

describe("a damaged model folder is named", () => {
  const remedy = "the model is corrupt, restore a copy or train it again";

  test("a truncated file", async () => {
    const copy = await copyOfModel();
    const file = join(copy, "model.safetensors");
    const { length } = await readFile(file);
    await truncate(file, 100);
    const { code, errors } = await polymind(["evaluate", "--model", copy]);
    expect(errors).toEqual([`error: ${file} is truncated: 100 bytes instead of ${length}; ${remedy}`]);
    expect(code).toBe(1);
  });

  test("a missing file", async () => {
    const copy = await copyOfModel();
    await rm(join(copy, "items.json"));
    const { errors } = await polymind(["recommend", "--model", copy, "--user", "user1"]);
    expect(errors).toEqual([`error: ${join(copy, "items.json")} is missing: ${remedy}`]);
  });

  test("another version, and a config that does not fit the parameters", async () => {
    const copy = await copyOfModel();
    const config = JSON.parse(await readFile(join(copy, "config.json"), "utf8"));
    await replace(copy, "config.json", { ...config, version: 2 });
    const newer = await polymind(["evaluate", "--model", copy]);
    expect(newer.errors).toEqual([
      `error: ${join(copy, "config.json")}: version 2 of the model format; this polymind reads 1`,
    ]);
    config.model.options.dimension = 16;
    await replace(copy, "config.json", config);
    const { errors } = await polymind(["evaluate", "--model", copy]);
    expect(errors).toEqual([
      expect.stringMatching(
        /model\.safetensors: tensor items\.embedding has the shape \[\d+, 8\], config\.json makes it \[\d+, 16\]; restore/,
      ),
    ]);
    config.model.options.dimension = "wide";
    await replace(copy, "config.json", config);
    const wrong = await polymind(["evaluate", "--model", copy]);
    expect(wrong.errors).toEqual([
      expect.stringMatching(/config\.json: not what a polymind model holds: model\.options\.dimension: /),
    ]);
  });

  async function copyOfModel(): Promise<string> {
    const copy = join(await temporaryFolder(), "copy");
    await cp(model, copy, { recursive: true });
    return copy;
  }

  /** Saves the folder anew with another content of one file, so that its checksum fits. */
  async function replace(path: string, name: string, content: unknown): Promise<void> {
    const names = (await readdir(path)).filter((file) => file !== "manifest.json");
    const files = new Map<string, Uint8Array | string>();
    for (const file of names) files.set(file, await readFile(join(path, file)));
    await writeFolder(path, files.set(name, JSON.stringify(content)));
  }
});
