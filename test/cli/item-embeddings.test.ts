import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadModel } from "../../src/training/model-folder.ts";
import { polymind, temporaryFolder, writeLog } from "./command-line.ts";

const onCpu = ["--adapter", "cpu"];
const small = ["--model-name", "youtube-dnn", "--length", "10", "--hidden-layers", "none", "--negatives", "10"];

/** A log, vectors of width 8 for all its items but one, and how to train with them. */
async function prepare() {
  const folder = await temporaryFolder();
  const log = await writeLog(folder);
  const lines = (await readFile(log, "utf8")).trim().split("\n").slice(1);
  const ids = [...new Set(lines.map((line) => line.split(",")[1]!))].slice(1);
  const vectors = new Map(ids.map((id, i) => [id, Array.from({ length: 8 }, (_, c) => Math.fround(Math.sin(i + c)))]));
  const file = join(folder, "vectors.csv");
  const rows = [...vectors].map(([id, vector]) => [id, ...vector].join(","));
  await writeFile(file, ["item,a,b,c,d,e,f,g,h", ...rows].join("\n"));
  const train = ["train", "--interactions", log, ...small, ...onCpu, "--item-embeddings", file];
  return { folder, vectors, train };
}

test("frozen vectors stay as they were given, and the folder alone serves them", async () => {
  const { folder, vectors, train } = await prepare();
  const out = join(folder, "model");
  const trained = await polymind([
    ...train,
    "--dimension",
    "8",
    "--input-embeddings",
    "frozen",
    "--epochs",
    "2",
    "--out",
    out,
  ]);
  expect(trained.errors).toEqual([]);
  expect(trained.out).toMatch(/item embeddings begin with .*, of width 8; 1 of \d+ items are not there/);
  const { parameters, log } = await loadModel(out);
  const [seen, scored] = [parameters.get("items.input")!.data, parameters.get("items.embedding")!.data];
  let moved = 0;
  log.itemIds.forEach((id, item) => {
    const vector = vectors.get(id);
    if (vector === undefined) return;
    expect([...seen.subarray(8 * item, 8 * item + 8)]).toEqual(vector);
    vector.forEach((value, c) => {
      moved = Math.max(moved, Math.abs(scored[8 * item + c]! - value));
    });
  });
  // Adam moves what is scored by less than the rate in a step, from where the vectors are.
  expect(moved).toBeGreaterThan(0);
  expect(moved).toBeLessThan(0.1);

  await rm(join(folder, "vectors.csv"));
  const judged = await polymind(["evaluate", "--model", out, ...onCpu]);
  expect(judged.errors).toEqual([]);
});

test("a model's folder is a source of vectors, and a resumed training has the bits of an uninterrupted one", async () => {
  const { folder, train } = await prepare();
  const [source, whole, halves] = ["source", "whole", "halves"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const from = [...train.slice(0, -1), source, "--dimension", "8", "--input-embeddings", "frozen"];
  const runs = [
    [...train, "--dimension", "8", "--epochs", "1", "--out", source],
    [...from, "--epochs", "2", "--out", whole],
    [...from, "--epochs", "1", "--out", halves],
    [...from, "--epochs", "2", "--out", halves, "--resume"],
  ];
  for (const argv of runs) expect((await polymind(argv)).errors).toEqual([]);
  const [first, second] = [await loadModel(whole), await loadModel(halves)];
  expect(second.parameters).toEqual(first.parameters);
  expect(first.parameters.get("items.input")).toEqual((await loadModel(source)).parameters.get("items.embedding"));
});

test.each([
  [["--dimension", "16"], /vectors of 8 numbers, but items of width 16; use --dimension 8/],
  [["--model-name", "item-cf"], /--item-embeddings: item-cf has no embeddings to begin with/],
  [
    ["--pretraining", "wals"],
    /--pretraining wals: item embeddings begin with .*vectors.csv; leave one of the two out$/,
  ],
])("%o is refused", async (more, message) => {
  const { folder, train } = await prepare();
  const argv = train.filter((_, i) => !(more[0] === "--model-name" && small.includes(train[i]!)));
  const { code, errors } = await polymind([...argv, ...more, "--out", join(folder, "model")]);
  expect(code).not.toBe(0);
  expect(errors.join("\n")).toMatch(message);
});
