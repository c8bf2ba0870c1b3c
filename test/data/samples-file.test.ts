import { expect, test } from "vitest";
import { describeLog } from "../../src/data/log.ts";
import { type ReadInteractionsOptions, readInteractions } from "../../src/data/log-file.ts";
import { itemsAt, placesAt } from "../../src/data/sequences.ts";
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

/** The negatives of each interaction, by user, in the ids of the file. */
async function negativesOf(path: string, options: ReadInteractionsOptions = {}) {
  const log = await readInteractions(path, options);
  const names = (place: number) => Array.from(itemsAt(log.negatives!, place), (item) => log.itemIds[item]!).join(" ");
  const lists = log.userIds.map((user, index) => [user, Array.from(placesAt(log, index), names)]);
  return { log, lists: Object.fromEntries(lists), remarks: log.report.remarks!.slice(1) };
}

const rows = (...lines: readonly string[]) =>
  ["user_id;hist_sku;sku;neg_items", ...lines].join("\n").replaceAll(";", "\t");

test("each sample's negatives lie where its target is in the longest, whatever the order of the rows", async () => {
  const { log, lists, remarks } = await negativesOf(
    write(
      "negatives.tsv",
      table((items) => `[${items.join(", ")}]`),
    ),
  );
  expect(lists).toEqual({ 7: ["", "20 40", "40 40", "20 20"], 5: ["", "", "40 10"] });
  expect([remarks, log.negatives!.offsets.length]).toEqual([[], log.items.length + 1]);
});

test("lists of any length, padded or empty; several of one sample are one", async () => {
  const path = write("lengths.tsv", rows("u;[1];2;[3 4 0 0]", "u;[1 2];3;", "u;[1 2 3];4;[0]", "u;[1];2;[4]"));
  expect((await negativesOf(path)).lists).toEqual({ u: ["", "3 4 4", "", ""] });
});

test("a history that was cut to its last items is found, one twice at two places", async () => {
  const cut = write(
    "cut.tsv",
    rows(
      "u;[1 2 1 2 3];4;[90]",
      "u;[1 2 1];2;[91]",
      "u;[0 0 1];2;[92]",
      "u;[2];3;[93]",
      "u;[0 2 1];2;[94]",
      "u;[1];2;[95]",
    ),
  );
  // [1] before 2 is all that came before the first 2; the second row of it adds to the first.
  expect((await negativesOf(cut)).lists).toEqual({ u: ["", "92 95", "", "91 94", "93", "90"] });
  const windows = write("windows.tsv", rows("u;[5 1 2 1 2 3];4;", "u;[1];2;[91]", "u;[1];2;[92]", "u;[1];2;[93]"));
  expect((await negativesOf(windows)).lists).toEqual({ u: ["", "", "91", "", "92 93", "", ""] });
});

test("samples that are nowhere in the longest are counted", async () => {
  const path = write("elsewhere.tsv", rows("u;[1 2];3;[9]", "u;[2 1];3;[8]", "u;;3;[7]", "u;[1];2;[6]"));
  const { lists, remarks } = await negativesOf(path);
  expect(lists).toEqual({ u: ["", "6", "9"] });
  expect(remarks).toEqual([
    "2 lists of neg_items are left out: their samples are nowhere in the longest of the user",
    "2 items are only ever listed as negatives",
  ]);
});

test("items that are only listed are items of the log, unless rare ones are left out, from the lists too", async () => {
  const path = write("only.tsv", rows("u;[1 1 2];2;[9 1]", "v;[2 3];1;[3 9]"));
  const { log } = await negativesOf(path);
  expect([log.itemIds, [...log.itemCounts]]).toEqual([
    ["", "1", "2", "3", "9"],
    [0, 3, 3, 1, 0],
  ]);
  const few = await negativesOf(path, { minimumItemCount: 2 });
  expect([few.log.itemIds, few.lists]).toEqual([["", "1", "2"], { u: ["", "", "", "1"], v: ["", ""] }]);
  expect(few.remarks).toEqual(["3 of 4 listed negatives are items that were left out"]);
});

test("histories that were cut to their last three items, in any order of rows, are joined, and each list is found", async () => {
  const whole = ["1", "2", "3", "1", "2", "4", "1", "2", "5", "1"];
  const lines = whole.slice(1).map((target, i) => {
    const history = whole.slice(Math.max(0, i - 2), i + 1);
    return `u;[${["0", "0", "0", ...history].slice(-3).join(", ")}];${target};[${90 + i}]`;
  });
  const shuffled = [5, 8, 0, 3, 7, 1, 6, 2, 4].map((index) => lines[index]!);
  const path = write("joined.tsv", rows(...shuffled, "v;[3 4];5;", "v;[3];4;[7]"));
  const { lists, log, remarks } = await negativesOf(path);
  expect(Array.from(itemsAt(log, 0), (item) => log.itemIds[item])).toEqual(whole);
  expect(lists).toEqual({ u: ["", "90", "91", "92", "93", "94", "95", "96", "97", "98"], v: ["", "7", ""] });
  expect(remarks[0]).toBe("the samples of 1 users, whose histories were cut, are joined");
});
