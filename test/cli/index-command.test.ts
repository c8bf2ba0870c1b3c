import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startQdrantStandIn } from "../support/qdrant-stand-in.ts";
import { polymind, temporaryFolder, writeLog } from "./command-line.ts";

const jsonOf = async (file: string) => JSON.parse(await readFile(file, "utf8"));
const small = ["--dimension", "8", "--hidden-layers", "8", "--length", "8", "--epochs", "1", "--negatives", "20"];

test("an index is built with its recall, answers like the exact search, and is refused by another model", async () => {
  const folder = await temporaryFolder();
  const [model, index, json] = [join(folder, "model"), join(folder, "index"), join(folder, "out.json")];
  const log = await writeLog(folder);
  const train = ["train", "--interactions", log, "--out", model, ...small];
  expect((await polymind(train)).errors).toEqual([]);
  const built = await polymind(["index", "build", "--model", model, "--out", index, "--at", "10", "--json", json]);
  expect(built.errors).toEqual([]);
  expect(built.out).toContain("recall@10");
  expect((await jsonOf(json)).recall).toMatchObject({ at: 10, target: 0.99 });
  expect((await jsonOf(json)).recall.reached).toBeGreaterThan(0.98);

  const recommend = ["recommend", "--model", model, "--user", "user3", "--top", "5", "--json", json];
  expect((await polymind(recommend)).errors).toEqual([]);
  const exact = (await jsonOf(json)).items;
  expect((await polymind([...recommend, "--index", index])).errors).toEqual([]);
  const found = (await jsonOf(json)).items;
  expect(found.map(({ item }: { item: string }) => item)).toEqual(exact.map(({ item }: { item: string }) => item));

  const other = join(folder, "other");
  expect((await polymind(["train", "--interactions", log, "--out", other, "--seed", "2", ...small])).errors).toEqual(
    [],
  );
  const stale = await polymind(["recommend", "--model", other, "--user", "user3", "--index", index]);
  expect(stale.errors).toEqual([expect.stringMatching(/built from .* of another model, or of this one before it was/)]);
});

test("a model is pushed to a Qdrant, and searched there with the answers of the exact search", async () => {
  const folder = await temporaryFolder();
  const [model, json] = [join(folder, "model"), join(folder, "out.json")];
  const log = await writeLog(folder);
  expect((await polymind(["train", "--interactions", log, "--out", model, ...small])).errors).toEqual([]);
  const qdrant = await startQdrantStandIn();
  try {
    const to = `http://:key@${qdrant.host}/shop`;
    const pushed = await polymind(["index", "push", "--model", model, "--to", to, "--json", json]);
    expect(pushed.errors).toEqual([]);
    expect(pushed.out).toMatch(new RegExp(`items of 8 numbers are in qdrant://${qdrant.host}/shop, version`));
    expect(await jsonOf(json)).toMatchObject({ model, to: `qdrant://${qdrant.host}/shop`, dimension: 8 });
    const recommend = ["recommend", "--model", model, "--user", "user3", "--top", "5", "--json", json];
    expect((await polymind(recommend)).errors).toEqual([]);
    const exact = (await jsonOf(json)).items;
    expect((await polymind([...recommend, "--index", to])).errors).toEqual([]);
    const found = (await jsonOf(json)).items;
    expect(found.map(({ item }: { item: string }) => item)).toEqual(exact.map(({ item }: { item: string }) => item));
    expect((await polymind([...recommend, "--index", to, "--table", "x"])).errors).toEqual([
      "error: a table, x, is only in PostgreSQL, and the index lies elsewhere; leave it out",
    ]);
  } finally {
    await qdrant.stop();
  }
});

test.each([
  { given: [], says: /^error: no database to push to: name it with --to postgres:/ },
  {
    given: ["--to", "mysql://h/db"],
    says: /^error: --to: expected an address that begins with postgres:.*, got mysql/,
  },
  { given: ["--to", "qdrant://h/c", "--table", "t"], says: /^error: --table is not for Qdrant; leave it out$/ },
  { given: ["--to", "postgres://h/c", "--shards", "2"], says: /^error: --shards is not for PostgreSQL; leave it out$/ },
  { given: ["--to", "qdrant://h/"], says: /^error: expected an address like qdrant:\/\/host:6333\/collection/ },
])("index push $given says what is wrong", async ({ given, says }) => {
  const { code, errors } = await polymind(["index", "push", "--model", "m", ...given]);
  expect(code).toBe(1);
  expect(errors).toEqual([expect.stringMatching(says)]);
});

test.each([
  { given: [], says: /^error: no model to index: name its folder with --model DIR$/ },
  { given: ["--model", "m"], says: /^error: no folder for the index: name it with --out DIR$/ },
  { given: ["--model", "nowhere", "--out", "i"], says: /no model in nowhere/ },
  { given: ["--model", "m", "--out", "i", "--target-recall", "2"], says: /^error: --target-recall/ },
])("index build $given says what is wrong", async ({ given, says }) => {
  const { code, errors } = await polymind(["index", "build", ...given]);
  expect(code).toBe(1);
  expect(errors).toEqual([expect.stringMatching(says)]);
});

test("the help of a command of a command is printed", async () => {
  const { code, out } = await polymind(["index", "build", "--help"]);
  expect(code).toBe(0);
  expect(out).toContain("--target-recall <share>");
});
