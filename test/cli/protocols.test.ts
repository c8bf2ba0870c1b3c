import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { itemsAt } from "../../src/data/sequences.ts";
import { polymind, smallModel, temporaryFolder } from "./command-line.ts";

/** A log whose users come and go over a year, with dates. */
async function writeDatedLog(folder: string): Promise<string> {
  const log = plantedLog({ users: 60, items: 80, topics: 8, length: [8, 16], seed: 3 });
  const rows = log.userIds.flatMap((user, index) =>
    Array.from(itemsAt(log, index), (item, place) => {
      const day = new Date(Date.UTC(2020, 0, 1 + 4 * index + 12 * place));
      return `${user},${log.itemIds[item]},${day.toISOString().slice(0, 10)}`;
    }),
  );
  const file = join(folder, "dated.csv");
  await writeFile(file, `${["user,item,date", ...rows].join("\n")}\n`);
  return file;
}

const cases = [
  { protocol: "random", given: ["--test-share", "0.1"], numbers: { validationShare: 0.05, testShare: 0.1 } },
  { protocol: "users", given: [], numbers: { validationShare: 0.1, testShare: 0.1, historyShare: 0.8 } },
  { protocol: "time", given: [], numbers: { testFrom: expect.any(Number), validationFrom: expect.any(Number) } },
];

test.each(cases)("the folder keeps the numbers of $protocol, and judging goes by them", async (testCase) => {
  const { protocol, given, numbers } = testCase;
  const folder = await temporaryFolder();
  const [model, json] = [join(folder, "model"), join(folder, "metrics.json")];
  const interactions = await writeDatedLog(folder);
  const trained = await polymind([
    ...["train", "--interactions", interactions, "--protocol", protocol, ...given],
    ...[...smallModel, "--epochs", "1", "--adapter", "cpu", "--out", model],
  ]);
  expect(trained).toMatchObject({ code: 0, errors: [] });
  const config = JSON.parse(await readFile(join(model, "config.json"), "utf8"));
  expect(config.data).toMatchObject({ protocol, ...numbers });

  const judged = await polymind(["evaluate", "--model", model, "--adapter", "cpu", "--json", json]);
  expect(judged.errors).toEqual([]);
  expect(judged.out).not.toContain("trained with another protocol");
  expect(JSON.parse(await readFile(json, "utf8"))).toMatchObject(config.results.test);

  const anew = ["evaluate", "--model", model, "--interactions", interactions, "--adapter", "cpu", "--json", json];
  expect((await polymind(anew)).errors).toEqual([]);
  expect(JSON.parse(await readFile(json, "utf8")).model).toEqual(config.results.test.model);

  const other = await polymind(["evaluate", "--model", model, "--protocol", "leave-one-out", "--adapter", "cpu"]);
  expect(other.errors).toEqual([]);
  expect(other.out).toContain("the model was trained with another protocol");
});
