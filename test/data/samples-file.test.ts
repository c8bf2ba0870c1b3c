import { expect, test } from "vitest";
import { describeLog } from "../../src/data/log.ts";
import { type ReadInteractionsOptions, readInteractions } from "../../src/data/log-file.ts";
import { itemsAt } from "../../src/data/sequences.ts";
import { failureOf, sharedFile, write } from "./files.ts";

/** What torch-rechub's generate_seq_feature_match makes of two users, and a shorter sample after a longer one. */
const samples = [
  { user_id: 7, hist_movie_id: [30], histlen_movie_id: 1, movie_id: 10, neg_items: [20, 40] },
  { user_id: 5, hist_movie_id: [10, 20], histlen_movie_id: 2, movie_id: 30, neg_items: [40, 10] },
  { user_id: 7, hist_movie_id: [30, 10, 20], histlen_movie_id: 3, movie_id: 40, neg_items: [20, 20] },
  { user_id: 7, hist_movie_id: [30, 10], histlen_movie_id: 2, movie_id: 20, neg_items: [40, 40] },
];
const wanted = { 7: ["30", "10", "20", "40"], 5: ["10", "20", "30"] };

const table = (list: (items: readonly number[]) => string) =>
  [
    "user_id;hist_movie_id;movie_id;neg_items",
    ...samples.map((row) => [row.user_id, list(row.hist_movie_id), row.movie_id, list(row.neg_items)].join(";")),
  ]
    .join("\n")
    .replaceAll(";", "\t");

async function sequencesOf(path: string, options: ReadInteractionsOptions = {}) {
  const log = await readInteractions(path, options);
  const lists = log.userIds.map((user, index) => [user, Array.from(itemsAt(log, index), (item) => log.itemIds[item]!)]);
  return { log, lists: Object.fromEntries(lists) };
}

test.each([
  ["python lists.tsv", table((items) => `[${items.join(", ")}]`)],
  ["numpy arrays.tsv", table((items) => `[${items.join(" ")}]`)],
  ["bars.tsv", table((items) => items.join("|"))],
  ["padded with 0.tsv", table((items) => `[${[...items, 0, 0].join(", ")}]`)],
  ["quoted ids.tsv", table((items) => `['${items.join("', '")}']`)],
  ["lists.jsonl", samples.map((row) => JSON.stringify(row)).join("\n")],
])("%s: each user is the longest history with its target", async (name, content) => {
  const { log, lists } = await sequencesOf(write(name, content));
  expect(lists).toEqual(wanted);
  expect(log.times).toBeUndefined();
  expect(describeLog(log)).toEqual([
    "7 interactions of 2 users with 4 items",
    expect.stringContaining("samples of movie_id with hist_movie_id"),
  ]);
});

test("of the point-wise layout, positive samples alone", async () => {
  const path = write("labels.csv", "user_id,sku,hist_sku,label\nu,5,[7 8],0\nu,9,[7 8],1\nu,6,[7 8 4],0\n");
  expect((await sequencesOf(path)).lists).toEqual({ u: ["7", "8", "9"] });
});

test("of several histories, the one of the item that is asked for", async () => {
  const path = write("two.csv", "user_id,hist_cate,cate,hist_sku,sku\nu,[1],2,[7 8],9\n");
  expect((await sequencesOf(path, { item: "sku" })).lists).toEqual({ u: ["7", "8", "9"] });
  expect((await sequencesOf(path, { item: "cate" })).lists).toEqual({ u: ["1", "2"] });
});

test("a history of the first sample may be empty", async () => {
  const path = write("empty.csv", "user_id,hist_sku,sku\nu,,9\nv,[9],7\n");
  expect((await sequencesOf(path)).lists).toEqual({ u: ["9"], v: ["9", "7"] });
});

test("samples without a target, and a time beside them, are refused", async () => {
  const path = write("holes.csv", "user_id,hist_sku,sku,time\nu,[1],,3\nv,[1],2,4\n");
  expect(await failureOf(() => readInteractions(path))).toContain(
    "samples without user_id or sku: 1; leave those rows out",
  );
  expect(await failureOf(() => readInteractions(path, { time: "time" }))).toContain(
    "hist_sku says what came before sku",
  );
});

test("torch-rechub's own sample is a plain log", async ({ skip }) => {
  const log = await readInteractions(sharedFile("formats/torch-rechub-ml-1m-sample.csv", skip), {});
  expect([log.userCount, log.items.length, log.times?.length]).toEqual([2, 100, 100]);
});
