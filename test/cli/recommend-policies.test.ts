import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

test("recommend leaves out what is excluded, and follows a policy", async () => {
  const folder = await temporaryFolder();
  const [model, json] = [join(folder, "model"), join(folder, "top.json")];
  const train = ["train", "--interactions", await writeLog(folder), "--out", model, ...smallModel];
  await polymind([...train, "--epochs", "1", "--adapter", "cpu"]);
  const items: string[] = JSON.parse(await readFile(join(model, "items.json"), "utf8"));
  const recommend = async (...given: string[]) => {
    const history = items.slice(1, 7).join(",");
    const run = ["recommend", "--model", model, "--history", history, "--top", "6", "--adapter", "cpu", "--json", json];
    const { errors } = await polymind([...run, ...given]);
    if (errors.length > 0) return errors[0]!;
    return JSON.parse(await readFile(json, "utf8")).items as { item: string; interest: number }[];
  };
  const plain = (await recommend()) as { item: string; interest: number }[];
  const [first, second] = plain;
  expect(await recommend("--exclude", `${first!.item},unknown`)).toMatchObject([
    { item: second!.item },
    {},
    {},
    {},
    {},
    {},
  ]);
  const quota = (await recommend("--policy", "quota")) as typeof plain;
  const active = new Set(quota.map(({ interest }) => interest)).size;
  for (let interest = 1; interest <= active; interest++)
    expect(quota.filter((hit) => hit.interest === interest).length).toBe(6 / active);
  expect(await recommend("--diversity", "1")).toMatch(/^error: --policy diversity: needs the categories of items/);
  const catalogue = join(folder, "kinds.csv");
  const kinds = items.slice(1).map((item, place) => `${item},any,${place % 3 === 0 ? "third" : "other"}`);
  await writeFile(catalogue, ["item,first,kind", ...kinds].join("\n"));
  const among = ["--catalogue", catalogue, "--category", "kind"];
  const isThird = ({ item }: { item: string }) => (items.indexOf(item) - 1) % 3 === 0;
  const thirds = (await recommend(...among, "--allow-category", "third")) as typeof plain;
  expect(thirds.length).toBe(6);
  expect(thirds.every(isThird)).toBe(true);
  expect(await recommend(...among, "--exclude-category", "other")).toEqual(thirds);
  expect(await recommend(...among, "--allow-category", "third,fourth")).toBe(
    'error: --allow-category: no category "fourth"; there are other, third',
  );
  expect(await recommend("--exclude-category", "third")).toMatch(
    /^error: --exclude-category: needs the categories of items: name a file that has them with --catalogue$/,
  );
  expect(await recommend("--policy", "diversity")).toMatch(/say what another category is worth with --diversity/);
  expect(await recommend("--policy", "best", "--diversity", "1")).toMatch(
    /only with --policy diversity, not with best/,
  );
});
