import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { itemsAt } from "../../src/data/sequences.ts";
import { polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

/** Samples in the list-wise layout of torch-rechub: every prefix of each user, with four negatives. */
async function writeSamples(folder: string): Promise<string> {
  const log = plantedLog({ users: 40, items: 60, topics: 6, length: [6, 12], seed: 3 });
  const rows = log.userIds.flatMap((user, index) => {
    const items = Array.from(itemsAt(log, index), String);
    return items.slice(1).map((target, at) => {
      const negatives = Array.from({ length: 4 }, (_, i) => 1 + ((index * 7 + at * 13 + i * 29) % 60));
      return `${user},${target},"[${items.slice(0, at + 1).join(", ")}]","[${negatives.join(", ")}]"`;
    });
  });
  const file = join(folder, "samples.csv");
  await writeFile(file, `${["user_id,movie_id,hist_movie_id,neg_items", ...rows].join("\n")}\n`);
  return file;
}

const training = [...smallModel, "--epochs", "2", "--negative-sampling", "listed"];

test("trains with the lists of a file of samples, and resumes to the same model", async () => {
  const folder = await temporaryFolder();
  const begin = ["train", "--interactions", await writeSamples(folder), ...training, "--out"];
  const whole = await polymind([...begin, join(folder, "whole")]);
  expect(whole).toMatchObject({ code: 0, errors: [] });
  expect(whole.out).toContain("unless --negative-sampling listed takes the 313 lists of neg_items");
  expect(whole.out).toMatch(/^negatives: 2\d\d of 2\d\d samples that train list their own, at most 4$/m);
  const parts = join(folder, "parts");
  const interrupted = await polymind([...begin, parts], (line, interrupt) => {
    if (line.startsWith("epoch 1/2")) interrupt();
  });
  expect(interrupted.code).toBe(130);
  const resumed = await polymind(["train", "--out", parts, "--resume"]);
  expect(resumed.errors).toEqual([]);
  const tableOf = (out: string) => out.split("\n").filter((line) => line.startsWith("│"));
  expect(tableOf(resumed.out)).toEqual(tableOf(whole.out));
});

test("compare and tune-model take them, too", async () => {
  const folder = await temporaryFolder();
  const data = ["--interactions", await writeSamples(folder), ...smallModel, "--epochs", "1"];
  const compared = await polymind([
    ...["compare", ...data, "--models", "listed=mind,drawn=mind,most-popular"],
    ...["--set", "listed.negative-sampling=listed"],
  ]);
  expect(compared).toMatchObject({ code: 0, errors: [] });
  const tried = await polymind(["tune-model", ...data, "--try", "negative-sampling=uniform,listed"]);
  expect(tried).toMatchObject({ code: 0, errors: [] });
  expect(tried.out).toContain("[2/2]");
});

test("a log without lists is refused in one line that says what to do", async () => {
  const folder = await temporaryFolder();
  const out = ["--out", join(folder, "model")];
  const refused = await polymind(["train", "--interactions", await writeLog(folder), ...training, ...out]);
  expect(refused.code).toBe(1);
  expect(refused.errors).toEqual([
    "error: --negative-sampling listed: this log lists no negatives; read samples with the columns hist_X, X and neg_items, or let them be drawn, with uniform say",
  ]);
  const full = await polymind(["train", "--interactions", "none.csv", ...training, "--loss", "full", ...out]);
  expect(full.errors).toEqual([
    "error: train: expected sampled loss for --negative-sampling listed, got full, whose negatives are all items; leave one out",
  ]);
});
