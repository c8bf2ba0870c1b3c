import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

const onCpu = ["--adapter", "cpu"];

/** A model in a folder of its own, with a file of the topics of its items. */
async function trained(given: readonly string[]) {
  const folder = await temporaryFolder();
  const [model, interactions, topics] = [join(folder, "model"), await writeLog(folder), join(folder, "topics.csv")];
  const items = [...new Set((await readFile(interactions, "utf8")).match(/topic\d+-item\d+/g))];
  await writeFile(
    topics,
    ["item,name,topic", ...items.map((item) => `${item},${item},${item.split("-")[0]}`)].join("\n"),
  );
  const train = ["train", "--interactions", interactions, ...given, ...smallModel, "--epochs", "1", ...onCpu];
  expect((await polymind([...train, "--out", model])).errors).toEqual([]);
  return { folder, model, topics, items };
}

type Row = Readonly<Record<string, string>>;

async function readCsv(path: string): Promise<Row[]> {
  const [head, ...lines] = (await readFile(path, "utf8")).trimEnd().split("\n");
  const names = head!.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, index) => [names[index]!, cell])));
}

async function readJsonLines(path: string): Promise<Row[]> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  return lines.map((line) =>
    Object.fromEntries(Object.entries(JSON.parse(line)).map(([key, value]) => [key, String(value)])),
  );
}

function byUser(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row["user"]!, [...(groups.get(row["user"]!) ?? []), row]);
  return groups;
}

/** All metrics at N by their definitions, from nothing but the two files and the topics in the names of the items. */
function recompute(predictions: readonly Row[], targets: readonly Row[], catalogue: number, at: number) {
  const top = byUser(predictions.filter(({ rank }) => Number(rank) <= at));
  const sums = { hitRate: 0, recall: 0, ndcg: 0, mrr: 0, diversity: 0 };
  const held = byUser(targets);
  for (const [user, rows] of held) {
    const wanted = new Set(rows.map(({ item }) => item));
    const list = top.get(user)!;
    const hits = list.filter(({ item }) => wanted.has(item)).map(({ rank }) => Number(rank));
    const gain = (ranks: readonly number[]) => ranks.reduce((sum, rank) => sum + 1 / Math.log2(rank + 1), 0);
    sums.hitRate += hits.length > 0 ? 1 : 0;
    sums.recall += hits.length / wanted.size;
    sums.ndcg += gain(hits) / gain(Array.from({ length: Math.min(at, wanted.size) }, (_, i) => i + 1));
    sums.mrr += hits.length > 0 ? 1 / Math.min(...hits) : 0;
    const kinds = list.map(({ item }) => item!.split("-")[0]);
    const pairs = kinds.flatMap((kind, i) => kinds.slice(i + 1).map((other) => (kind === other ? 0 : 1)));
    sums.diversity += pairs.reduce<number>((sum, pair) => sum + pair, 0) / pairs.length;
  }
  const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / held.size]));
  const coverage = new Set([...top.values()].flat().map(({ item }) => item)).size / catalogue;
  return { ...means, coverage } as Record<string, number>;
}

describe("the ranked results in a file", () => {
  test.each([
    { extension: "csv", read: readCsv, protocol: ["--protocol", "users", "--test-share", "0.5"] },
    { extension: "jsonl", read: readJsonLines, protocol: ["--protocol", "random", "--test-share", "0.2"] },
  ])("as $extension give the metrics that were printed", async ({ extension, read, protocol }) => {
    const { folder, model, topics, items } = await trained(protocol);
    const [predictions, targets] = [join(folder, `top.${extension}`), join(folder, `held-out.${extension}`)];
    const json = join(folder, "metrics.json");
    const judged = await polymind([
      ...["evaluate", "--model", model, ...onCpu, "--at", "5,20", "--json", json],
      ...["--predictions", predictions, "--targets", targets],
      ...["--metrics", "hit-rate,ndcg,coverage,diversity,popularity"],
      ...["--item-features", topics, "--category", "topic"],
    ]);
    expect(judged.errors).toEqual([]);
    expect(judged.out).toMatch(/│ +│ HitRate │ +NDCG │ Coverage │ Diversity │ Popularity │/);
    const [rows, held] = [await read(predictions), await read(targets)];
    expect(Object.keys(rows[0]!)).toEqual(["user", "rank", "item", "score", "interest"]);
    const result = JSON.parse(await readFile(json, "utf8"));
    expect(byUser(held).size).toBe(result.users);
    for (const [index, at] of [5, 20].entries()) {
      const found = recompute(rows, held, items.length, at);
      for (const [name, value] of Object.entries({ ...result.model[index], ...result.lists.model[index] })) {
        if (name in found) expect(value, `${name}@${at}`).toBeCloseTo(found[name]!, 12);
      }
      expect(Object.keys(found).sort()).toEqual(["coverage", "diversity", "hitRate", "mrr", "ndcg", "recall"]);
    }
    for (const list of byUser(rows).values()) {
      expect(list.map(({ rank }) => Number(rank))).toEqual(list.map((_, place) => place + 1));
      const scores = list.map(({ score }) => Number(score));
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(list.every(({ interest }) => ["1", "2", "3"].includes(interest!))).toBe(true);
    }
  });

  test("cannot be in a file of another kind, and diversity needs categories", async () => {
    const { folder, model, topics } = await trained([]);
    const run = async (...given: string[]) =>
      (await polymind(["evaluate", "--model", model, ...onCpu, ...given])).errors;
    const file = join(folder, "top.txt");
    expect(await run("--predictions", file)).toEqual([
      `error: ${file}: rows are written as .csv or .jsonl, told by the extension`,
    ]);
    expect(await run("--metrics", "diversity")).toEqual([
      "error: diversity needs categories of items: name a file with --item-features",
    ]);
    expect(await run("--metrics", "diversity", "--item-features", topics, "--category", "colour")).toEqual([
      `error: ${topics}: no column "colour"; the columns are item, name, topic`,
    ]);
    expect(await run("--metrics", "precision")).toEqual([
      expect.stringMatching(/^error: --metrics: invalid option: expected one of "hit-rate".*, got precision$/),
    ]);
    expect((await readdir(folder)).filter((name) => name.startsWith("top."))).toEqual([]);
  });
});
