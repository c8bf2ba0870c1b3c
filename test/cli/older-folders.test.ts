import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeFolder } from "../../src/storage/folder.ts";
import { polymind, temporaryFolder, writeLog } from "./command-line.ts";

test("a folder with the names of earlier versions is judged as one with those of today", async () => {
  const folder = await temporaryFolder();
  const [model, json] = [join(folder, "model"), join(folder, "metrics.json")];
  const onCpu = ["--adapter", "cpu"];
  const small = ["--dimension", "8", "--length", "10", "--hidden-layers", "none", "--negatives", "10", "--epochs", "1"];
  const trained = await polymind([
    ...["train", "--interactions", await writeLog(folder), "--model-name", "youtube-dnn", "--protocol", "users"],
    ...[...small, ...onCpu, "--out", model],
  ]);
  expect(trained.errors).toEqual([]);

  const files = new Map<string, Uint8Array | string>();
  for (const name of (await readdir(model)).filter((file) => file !== "manifest.json")) {
    files.set(name, await readFile(join(model, name)));
  }
  const config = JSON.parse(await readFile(join(model, "config.json"), "utf8"));
  const { protocol, ...data } = config.data;
  expect([protocol, config.model.name]).toEqual(["users", "youtube-dnn"]);
  config.data = { ...data, split: "share-of-users" };
  config.model.name = "single-vector";
  for (const later of ["embeddingPrecision", "normaliseOutputs"]) delete config.model.options[later];
  const laterTraining = ["interestDecorrelation", "decorrelationMargin", "negativeSampling", "hardNegativesBeta"];
  for (const later of [...laterTraining, "routingRegularisation", "rateHalfLife"]) delete config.training[later];
  await writeFolder(model, files.set("config.json", JSON.stringify(config)));

  const judged = await polymind(["evaluate", "--model", model, ...onCpu, "--json", json]);
  expect(judged.errors).toEqual([]);
  expect(judged.out).toContain("youtube-dnn @ 10");
  expect(JSON.parse(await readFile(json, "utf8"))).toMatchObject(config.results.test);
});

test.each([
  {
    name: "mind",
    options: ["--preset", "paper", "--hidden-layers", "none"],
    first:
      "dimension,length,interests,iterations,competition,update,gradient,interestRule,logitDeviation,hiddenLayers,profileDimension,embeddingDeviation,seed",
  },
  {
    name: "maxmf",
    options: [],
    first: "dimension,length,interests,embeddingDeviation,embeddingPrecision,normaliseOutputs,seed",
  },
])(
  "a folder of $name from before there was a choice is judged as what it was trained as",
  async ({ name, options, first }) => {
    const folder = await temporaryFolder();
    const [model, json] = [join(folder, "model"), join(folder, "metrics.json")];
    const onCpu = ["--adapter", "cpu"];
    const small = ["--dimension", "8", "--length", "10", "--negatives", "10", "--epochs", "1", "--model-name", name];
    const train = ["train", "--interactions", await writeLog(folder), ...options, ...small, ...onCpu];
    expect(await polymind([...train, "--out", model])).toMatchObject({ errors: [] });
    const files = new Map<string, Uint8Array | string>();
    for (const name of (await readdir(model)).filter((file) => file !== "manifest.json")) {
      files.set(name, await readFile(join(model, name)));
    }
    const config = JSON.parse(await readFile(join(model, "config.json"), "utf8"));
    for (const key of Object.keys(config.model.options)) {
      if (!first.split(",").includes(key)) delete config.model.options[key];
    }
    expect(Object.keys(config.model.options)).toHaveLength(first.split(",").length);
    await writeFolder(model, files.set("config.json", JSON.stringify(config)));
    expect(await polymind(["evaluate", "--model", model, ...onCpu, "--json", json])).toMatchObject({ errors: [] });
    expect(JSON.parse(await readFile(json, "utf8"))).toMatchObject(config.results.test);
  },
);
