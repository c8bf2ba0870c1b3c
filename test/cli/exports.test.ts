import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { saveUntrained, untrainedModel } from "../export/models.ts";
import { polymind, temporaryFolder } from "./command-line.ts";

async function savedModel() {
  const folder = await temporaryFolder();
  const [model, stored] = [join(folder, "model"), untrainedModel("mind")];
  await saveUntrained(model, stored);
  return { folder, model, stored };
}

const cpu = ["--adapter", "cpu"];

test("export vectors writes the items and says how many", async () => {
  const { folder, model } = await savedModel();
  const out = join(folder, "items.npy");
  const { out: lines, errors } = await polymind(["export", "vectors", "--model", model, "--out", out, ...cpu]);
  expect(errors).toEqual([]);
  expect(lines).toContain("items of 8 numbers");
  expect((await readdir(folder)).sort()).toEqual(["items.ids.txt", "items.npy", "model"]);
});

test("interests writes users of the model's own log, or of another in parts, and goes on behind them", async () => {
  const { folder, model, stored } = await savedModel();
  const out = join(folder, "users.jsonl");
  expect((await polymind(["interests", "--model", model, "--out", out, ...cpu])).errors).toEqual([]);
  expect((await readFile(out, "utf8")).trimEnd().split("\n")).toHaveLength(stored.log.userCount);

  const log = join(folder, "log.csv");
  const [first, second] = stored.log.itemIds.slice(1);
  await writeFile(log, `who,item,t\nann,${first},1\nbob,${second},2\nbob,unheard,3\n`);
  const other = ["interests", "--model", model, "--interactions", log, "--user", "who", "--time", "t"];
  const sharded = [...other, "--shard", "2/2", "--out", join(folder, "new.jsonl"), ...cpu];
  expect((await polymind(sharded)).errors).toEqual([]);
  const part = join(folder, "new-00002-of-00002.jsonl");
  expect(JSON.parse(await readFile(part, "utf8"))).toMatchObject({ user: "bob", interests: 1 });
  expect((await polymind(sharded)).out).toContain("1 file was there already");
});

test("export onnx writes a tower and says what goes in and out", async () => {
  const { folder, model } = await savedModel();
  const out = join(folder, "full.onnx");
  const full = ["export", "onnx", "--model", model, "--tower", "full", "--top", "7", "--out", out];
  const { out: lines, errors } = await polymind(full);
  expect(errors).toEqual([]);
  expect(lines).toContain("input history: int64 [batch, 6]");
  expect(lines).toContain("output items: int64 [batch, 7]");
  expect((await readdir(folder)).sort()).toEqual(["full.onnx", "model"]);
});

describe("bad input is refused before the work", () => {
  test.each([
    { given: ["export", "vectors"], says: /^error: no model to export/ },
    { given: ["export", "vectors", "--model", "m"], says: /^error: no file to export to: name it with --out FILE/ },
    { given: ["export", "vectors", "--model", "m", "--out", "x.csv"], says: /^error: x.csv: expected the ending .npy/ },
    { given: ["export", "vectors", "--model", "m", "--out", "x.npy", "--format", "csv"], says: /^error: --format/ },
    {
      given: ["export", "vectors", "--model", "m", "--out", "/nowhere/x.npy"],
      says: /cannot write .*no folder \/nowhere/,
    },
    { given: ["export", "onnx", "--model", "m", "--out", "x.onnx", "--tower", "both"], says: /^error: --tower/ },
    {
      given: ["export", "onnx", "--model", "m", "--out", "x.onnx", "--top", "5"],
      says: /^error: --top: only the full tower finds items, not user; leave it out, or give --tower full$/,
    },
    { given: ["export", "onnx", "--model", "m", "--out", "/nowhere/x.onnx"], says: /there is no folder \/nowhere/ },
    { given: ["interests", "--model", "m", "--out", "x"], says: /^error: x: expected the ending/ },
    {
      given: ["interests", "--model", "m", "--out", "x.npy", "--shard", "0/4"],
      says: /expected i\/n with i from 1 to n/,
    },
    {
      given: ["interests", "--model", "m", "--out", "x.npy", "--shard", "half"],
      says: /^error: --shard: expected i\/n/,
    },
  ])("$given", async ({ given, says }) => {
    const { code, errors } = await polymind(given);
    expect(code).toBe(1);
    expect(errors).toEqual([expect.stringMatching(says)]);
  });

  test("a folder that is no model", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "x.npy");
    const { errors } = await polymind(["export", "vectors", "--model", folder, "--out", out]);
    expect(errors).toEqual([expect.stringMatching(/no model in/)]);
    expect(await readdir(folder)).toEqual([]);
  });
});
