import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeSafetensors } from "../../src/storage/safetensors.ts";
import { type Outcome, polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

const columns = ["--user", "user_id", "--item", "item_id", "--time", "position"];
const bytesOf = (model: string, name: string) => readFile(join(model, name));
const jsonOf = async (file: string) => JSON.parse(await readFile(file, "utf8"));

const tableOf = ({ out }: Outcome) => out.split("\n").filter((line) => line.startsWith("│"));

describe("polymind", () => {
  test("trains, judges and recommends from one log", async () => {
    const folder = await temporaryFolder();
    const [model, metrics] = [join(folder, "model"), join(folder, "metrics.json")];
    const interactions = await writeLog(folder);
    const trained = await polymind([
      "train",
      "--interactions",
      interactions,
      ...columns,
      ...smallModel,
      "--epochs",
      "2",
      "--out",
      model,
      "--json",
      metrics,
    ]);
    expect(trained.errors).toEqual([]);
    expect(trained.code).toBe(0);
    expect(trained.out.match(/^adapter: /gm)).toHaveLength(1);
    expect(trained.out).toMatch(/^epoch 2\/2: loss .* validation HitRate@10 /m);
    expect(trained.out).toContain("most popular @ 10");
    expect((await jsonOf(metrics)).test.users).toBe(60);
    const { tensors } = decodeSafetensors(await bytesOf(model, "model.safetensors"), "model.safetensors");
    expect([...tensors.keys()].sort()).toEqual([
      "interests.0.bias",
      "interests.0.weight",
      "items.embedding",
      "recent.weight",
      "routing.transform",
    ]);

    const judged = await polymind(["evaluate", "--model", model, "--at", "10,50,100", "--json", metrics]);
    expect(judged.errors).toEqual([]);
    expect(tableOf(judged)).toEqual(tableOf(trained));
    const { test } = await jsonOf(join(model, "config.json")).then(({ results }) => results);
    expect(await jsonOf(metrics)).toMatchObject(test);

    const forUser = await polymind(["recommend", "--model", model, "--user", "user7", "--top", "5", "--json", metrics]);
    expect(forUser.errors).toEqual([]);
    const { items } = await jsonOf(metrics);
    expect(items).toHaveLength(5);
    expect(items[0]).toMatchObject({ rank: 1, item: expect.stringMatching(/^topic\d+-item\d+$/) });
    const seen = (await readFile(interactions, "utf8")).split("\n").filter((row) => row.startsWith("user7,"));
    for (const { item } of items) expect(seen.some((row) => row.includes(`,${item},`))).toBe(false);

    const history = seen.map((row) => row.split(",")[1]).join(",");
    const forAnybody = await polymind(["recommend", "--model", model, "--history", `${history},nobody`, "--top", "5"]);
    expect(forAnybody.errors).toEqual([]);
    expect(forAnybody.out).toContain(`1 of ${seen.length + 1} items of the history are unknown`);
    for (const { item } of items) expect(forAnybody.out).toContain(item);
  });

  test("an interrupted training resumes to the bits of an uninterrupted one", async () => {
    const folder = await temporaryFolder();
    const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
    const begin = ["train", "--interactions", await writeLog(folder), ...columns, ...smallModel, "--epochs", "2"];
    expect((await polymind([...begin, "--out", whole])).code).toBe(0);
    const interrupted = await polymind([...begin, "--out", parts], (line, interrupt) => {
      if (line.startsWith("epoch 1/2")) interrupt();
    });
    expect(interrupted).toMatchObject({ code: 130, errors: [] });
    expect(interrupted.out).toContain(`To go on: npx polymind train --out ${parts} --resume`);

    const restarted = await polymind([...begin, "--out", parts]);
    expect(restarted.errors).toEqual([
      `error: ${parts} holds a training that has not ended: go on with npx polymind train --out ${parts} --resume, or start anew with --overwrite`,
    ]);
    const conflicting = await polymind(["train", "--out", parts, "--resume", "--dimension", "16"]);
    expect(conflicting.errors).toEqual([
      `error: --dimension 16 differs from 8, with which ${parts} was trained; leave it out, or train anew into another folder`,
    ]);
    const resumed = await polymind(["train", "--out", parts, "--resume"]);
    expect(resumed).toMatchObject({ code: 0, errors: [] });
    for (const name of ["model.safetensors", "training.safetensors"]) {
      expect((await bytesOf(parts, name)).equals(await bytesOf(whole, name)), name).toBe(true);
    }
    const longer = await polymind(["train", "--out", parts, "--resume", "--epochs", "3"]);
    expect(longer.out).toContain("epoch 3/3");
  });

  test("trains, resumes, judges and recommends with embeddings in halves", async () => {
    const folder = await temporaryFolder();
    const model = join(folder, "model");
    const begin = ["train", "--interactions", await writeLog(folder), ...columns, ...smallModel, "--epochs", "1"];
    const trained = await polymind([...begin, "--embedding-precision", "f16", "--out", model]);
    expect(trained).toMatchObject({ code: 0, errors: [] });
    expect((await jsonOf(join(model, "config.json"))).model.options.embeddingPrecision).toBe("f16");
    const conflicting = await polymind(["train", "--out", model, "--resume", "--embedding-precision", "f32"]);
    expect(conflicting.errors).toEqual([
      `error: --embedding-precision f32 differs from f16, with which ${model} was trained; leave it out, or train anew into another folder`,
    ]);
    const judged = await polymind(["evaluate", "--model", model, "--at", "10,50,100"]);
    expect(tableOf(judged)).toEqual(tableOf(trained));
    const resumed = await polymind(["train", "--out", model, "--resume", "--epochs", "2"]);
    expect(resumed).toMatchObject({ code: 0, errors: [] });
    const served = await polymind(["recommend", "--model", model, "--user", "user7", "--top", "3", "--quiet"]);
    expect(served.out).toMatch(/topic\d+-item\d+/);
  });

  test("learns from the features of users and items, and serves with them", async () => {
    const folder = await temporaryFolder();
    const model = join(folder, "model");
    const interactions = await writeLog(folder);
    const items = [...new Set((await readFile(interactions, "utf8")).match(/topic\d+-item\d+/g))];
    await writeFile(
      join(folder, "items.csv"),
      ["item,topics", ...items.map((item) => `${item},${item.split("-")[0]}|any`)].join("\n"),
    );
    await writeFile(
      join(folder, "users.csv"),
      ["user,age", ...Array.from({ length: 50 }, (_, i) => `user${i + 1},${i % 3}`)].join("\n"),
    );
    const features = ["--item-features", join(folder, "items.csv"), "--user-features", join(folder, "users.csv")];
    const trained = await polymind([
      "train",
      "--interactions",
      interactions,
      ...columns,
      ...features,
      ...smallModel,
      "--epochs",
      "1",
      "--out",
      model,
    ]);
    expect(trained.errors).toEqual([]);
    expect(trained.out).toContain("features of items: topics (9); none for 0 of");
    expect(trained.out).toContain("features of users: age (3); none for 10 of 60");
    const other = await polymind(["evaluate", "--model", model, "--interactions", interactions, "--adapter", "cpu"]);
    expect(other.errors).toEqual([]);
    for (const recipient of [
      ["--user", "user3"],
      ["--history", items.slice(0, 3).join(",")],
    ]) {
      const served = await polymind(["recommend", "--model", model, ...recipient, "--top", "3", "--quiet"]);
      expect(served.errors).toEqual([]);
      expect(served.out).toMatch(/topic\d+-item\d+/);
    }
  });
});
