import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openRowsFile } from "../../src/storage/rows-file.ts";
import { failureOf } from "../data/files.ts";
import { temporaryPaths } from "./model-folders.ts";

describe("a file of rows", () => {
  const paths = temporaryPaths();
  const rows = [
    ["ann", 1, 0.5],
    ['say "tea", please', -2, 1e-7],
    [" two\nlines", 3, 0],
  ];

  async function written(name: string): Promise<string> {
    const path = join(paths.root, name);
    const file = await openRowsFile(path, ["user", "rank", "the score"]);
    for (const row of rows) await file.add(row);
    expect(readdirSync(paths.root)).not.toContain(name);
    await file.finish();
    await file.abandon();
    expect(readdirSync(paths.root)).toEqual([name]);
    return readFileSync(path, "utf8");
  }

  test("is CSV, quoted where that is needed", async () => {
    expect(await written("a.csv")).toBe(
      'user,rank,the score\nann,1,0.5\n"say ""tea"", please",-2,1e-7\n" two\nlines",3,0\n',
    );
  });

  test("or one JSON object a line", async () => {
    const lines = (await written("a.JSONL")).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      rows.map(([user, rank, score]) => ({ user, rank, "the score": score })),
    );
  });

  test("of many rows is written whole", async () => {
    const path = join(paths.root, "many.csv");
    const file = await openRowsFile(path, ["number", "text"]);
    for (let i = 0; i < 50_000; i++) await file.add([i, "some forty characters that fill the chunks"]);
    await file.finish();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.slice(1).map((line) => Number(line.split(",")[0]))).toEqual(
      Array.from({ length: 50_000 }, (_, i) => i),
    );
  });

  test("that is abandoned leaves nothing", async () => {
    const file = await openRowsFile(join(paths.root, "a.csv"), ["x"]);
    await file.add([1]);
    await file.abandon();
    expect(readdirSync(paths.root)).toEqual([]);
  });

  test("that cannot be written fails at once", async () => {
    mkdirSync(join(paths.root, "a.csv"));
    const open = (name: string) => failureOf(() => openRowsFile(join(paths.root, name), ["x"]));
    expect(await open("a.csv")).toBe(`cannot write ${join(paths.root, "a.csv")}: it is a folder, not a file`);
    expect(await open("none/a.csv")).toBe(
      `cannot write ${join(paths.root, "none/a.csv")}: there is no folder ${dirname(join(paths.root, "none/a.csv"))}`,
    );
    expect(await open("a.txt")).toBe(
      `${join(paths.root, "a.txt")}: rows are written as .csv or .jsonl, told by the extension`,
    );
    expect(readdirSync(paths.root)).toEqual(["a.csv"]);
  });
});
