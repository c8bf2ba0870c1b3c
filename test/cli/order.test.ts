import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

const columns = ["--user", "user_id", "--item", "item_id", "--time", "position"];
const ordered = [...smallModel, "--positions", "recent", "--times", "learned", "--epochs", "1"];
const jsonOf = async (file: string) => JSON.parse(await readFile(file, "utf8"));

test("a model that sees order and time is judged and serves as it was trained", async () => {
  const folder = await temporaryFolder();
  const [model, json] = [join(folder, "model"), join(folder, "out.json")];
  const interactions = await writeLog(folder);
  const trained = await polymind(["train", "--interactions", interactions, ...columns, ...ordered, "--out", model]);
  expect(trained).toMatchObject({ code: 0, errors: [] });
  const judged = await polymind(["evaluate", "--model", model, "--at", "10,50,100", "--json", json]);
  expect(judged.errors).toEqual([]);
  expect(await jsonOf(json)).toMatchObject((await jsonOf(join(model, "config.json"))).results.test);

  const rows = (await readFile(interactions, "utf8")).split("\n").filter((row) => row.startsWith("user7,"));
  const of = (column: number) => rows.map((row) => row.split(",")[column]).join(",");
  const recommend = async (recipient: readonly string[]) => {
    const { errors } = await polymind(["recommend", "--model", model, ...recipient, "--top", "5", "--json", json]);
    return errors[0] ?? (await jsonOf(json)).items;
  };
  const forUser = await recommend(["--user", "user7"]);
  expect(forUser).toHaveLength(5);
  expect(await recommend(["--history", of(1), "--history-times", of(2)])).toEqual(forUser);
  expect(await recommend(["--history", of(1)])).toBe(
    "error: the model sees when behaviours were: give the time of each item with --history-times T,T,...",
  );
  expect(await recommend(["--history", of(1), "--history-times", "1,2"])).toBe(
    `error: --history-times: expected a time for each of ${rows.length} items, got 2`,
  );
  const backwards = of(2).split(",").reverse().join(",");
  expect(await recommend(["--history", of(1), "--history-times", backwards])).toBe(
    "error: --history-times: expected times that never fall, oldest first; sort the history by time",
  );
});

test("a log without times cannot train a model that sees them", async () => {
  const folder = await temporaryFolder();
  const train = ["train", "--interactions", await writeLog(folder), "--in-file-order", ...ordered];
  expect(await polymind([...train, "--out", join(folder, "model")])).toMatchObject({
    code: 1,
    errors: [
      "error: the model sees the times of behaviours (--times learned), and this log has none: name their column with --time, or take --times none",
    ],
  });
});
