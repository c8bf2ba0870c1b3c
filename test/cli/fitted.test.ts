import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { polymind, temporaryFolder, writeLog } from "./command-line.ts";

const jsonOf = async (file: string) => JSON.parse(await readFile(file, "utf8"));

describe("models that are fitted", () => {
  test.each([
    { name: "item-cf", given: ["--neighbours", "12", "--shrinkage", "1"], epochs: 1 },
    { name: "wals", given: ["--dimension", "6", "--confidence", "3", "--epochs", "2"], epochs: 2 },
    { name: "most-popular", given: [], epochs: 1 },
  ])("$name goes through the commands of the trained ones, without a GPU", async ({ name, given, epochs }) => {
    const folder = await temporaryFolder();
    const [model, json, top] = [join(folder, "model"), join(folder, "metrics.json"), join(folder, "top.csv")];
    const train = ["train", "--interactions", await writeLog(folder), "--model-name", name, "--out", model];
    const trained = await polymind([...train, ...given, "--json", json]);
    expect(trained).toMatchObject({ code: 0, errors: [] });
    expect(trained.out).toMatch(/^adapter: CPU references in double precision$/m);
    expect(trained.out).toContain(`epoch ${epochs}/${epochs}: `);
    expect(trained.out).toContain(`${name} @ 10`);
    expect(trained.out).not.toContain("interests: ");
    const { test: result } = await jsonOf(json);
    expect((await jsonOf(join(model, "config.json"))).model.name).toBe(name);

    const judged = await polymind([
      ...["evaluate", "--model", model, "--metrics", "hit-rate,coverage", "--predictions", top, "--json", json],
    ]);
    expect(judged.errors).toEqual([]);
    expect(await jsonOf(json)).toMatchObject(result);
    const rows = (await readFile(top, "utf8")).trimEnd().split("\n");
    expect(new Set(rows.slice(1).map((row) => row.split(",")[0])).size).toBe(60);

    for (const recipient of [
      ["--user", "user3"],
      ["--history", rows[1]!.split(",")[2]!],
    ]) {
      const served = await polymind(["recommend", "--model", model, ...recipient, "--top", "3", "--json", json]);
      expect(served.errors).toEqual([]);
      expect((await jsonOf(json)).items).toHaveLength(3);
    }

    const more = name === "wals" ? "2" : "20";
    const resumed = await polymind(["train", "--out", model, "--resume", "--epochs", more]);
    expect(resumed.errors).toEqual([]);
    expect(resumed.out).toContain(`is trained: ${epochs} of ${epochs} epochs`);
    expect(await readdir(model)).toContain("training.safetensors");
  });

  test("what they recommend is the head of what they are judged by", async () => {
    const folder = await temporaryFolder();
    const [model, json] = [join(folder, "model"), join(folder, "top.json")];
    const log = await writeLog(folder);
    expect((await polymind(["train", "--interactions", log, "--model-name", "item-cf", "--out", model])).code).toBe(0);
    const column = async (file: string, index: number) =>
      (await readFile(file, "utf8"))
        .split("\n")
        .filter((row) => row.startsWith("user7,"))
        .map((row) => row.split(",")[index]!);
    const predictions = join(folder, "top.csv");
    await polymind(["evaluate", "--model", model, "--predictions", predictions, "--at", "5"]);
    const known = (await column(log, 1)).slice(0, -1).join(",");
    await polymind(["recommend", "--model", model, "--history", known, "--top", "5", "--json", json]);
    const served = (await jsonOf(json)).items.map(({ item }: { item: string }) => item);
    expect(served).toHaveLength(5);
    expect(served).toEqual(await column(predictions, 2));
  });

  test("have no kernels to tune and none to use", async () => {
    const folder = await temporaryFolder();
    const log = await writeLog(folder);
    const cache = join(folder, "choices.json");
    const tuned = await polymind(["tune", "--interactions", log, "--model-name", "wals", "--cache", cache]);
    expect(tuned.errors).toEqual(["error: --model-name wals: it is fitted on the CPU and has no kernels to tune"]);
    const train = ["train", "--interactions", log, "--model-name", "wals", "--out", join(folder, "model")];
    expect((await polymind([...train, "--iterations", "3"])).errors).toEqual([
      "error: --iterations 3: wals has no such option; leave it out or use --model-name mind, mind-short-video or comirec-dr",
    ]);
    expect((await polymind([...train, "--tuned"])).errors).toEqual([
      "error: --tuned: wals is fitted on the CPU and has no kernels; leave it out",
    ]);
  });
});
