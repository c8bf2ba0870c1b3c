import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { describeLog, type InteractionLog } from "../../src/data/log.ts";
import { type ReadInteractionsOptions, readInteractions } from "../../src/data/log-file.ts";
import { itemsAt } from "../../src/data/sequences.ts";
import { failureOf, sharedFile, temporaryPath, write } from "./files.ts";

/** A log in the ids of its file. */
function named(log: InteractionLog): Record<string, string[]> {
  return Object.fromEntries(
    log.userIds.map((user, index) => [user, Array.from(itemsAt(log, index), (item) => log.itemIds[item]!)]),
  );
}

const expected = { ann: ["tea", "jam"], bob: ["tea"] };
const rows = [
  ["bob", "tea", "5"],
  ["ann", "jam", "9"],
  ["ann", "tea", "3"],
];
const objects = rows.map(([user, item, time]) => JSON.stringify({ user, item, time: Number(time) }));
const formats: [name: string, content: string, options?: ReadInteractionsOptions][] = [
  ["log.csv", `user,item,time\n${rows.map((row) => row.join(",")).join("\n")}\n`],
  ["no line break at the end.csv", `user,item,time\n${rows.map((row) => row.join(",")).join("\n")}`],
  ["windows.csv", `\uFEFFuser,item,time\r\n${rows.map((row) => row.join(",")).join("\r\n")}\r\n`],
  ["mixed line breaks.csv", `user,item,time\r\n${rows.map((row) => row.join(",")).join("\n")}\r\n`],
  [
    "quoted.csv",
    `"user","item, or so",time\n${rows.map(([u, i, t]) => `"${u}", ${i} ,${t}`).join("\n")}`,
    { item: "item, or so" },
  ],
  ["it's [a] *log?.csv", `time,item_id,USER_ID\n${rows.map(([u, i, t]) => [t, i, u].join(",")).join("\n")}`],
  ["two lines in a field.csv", `user,item,time,note\n${rows.map((row) => [...row, '"a\nb"'].join(",")).join("\n")}`],
  ["log.tsv", `user\titem\ttimestamp\n${rows.map((row) => row.join("\t")).join("\n")}\n`],
  ["ratings.dat", rows.map(([user, item, time]) => [user, item, "4.5", time].join("::")).join("\n")],
  [
    "headerless.txt",
    rows.map((row) => row.join(",")).join("\n"),
    { format: "csv", columnNames: ["user", "item", "time"] },
  ],
  ["log.jsonl", objects.join("\n")],
  ["dates.csv", "user,item,date\nbob,tea,2020-01-05\nann,jam,2020-01-09 10:00:00\nann,tea,2020-01-09T11:00:00+02:00\n"],
  ["sequences.txt", "bob tea\nann  tea\tjam \n", { format: "sequences" }],
  ["row order.csv", "user,item\nbob,tea\nann,tea\nann,jam\n", { time: false }],
];

test.each(formats)("%s is read, packed or not", async (name, content, options) => {
  for (const path of [write(name, content), write(`${name}.gz`, gzipSync(content))]) {
    const log = await readInteractions(path, options);
    expect(named(log)).toEqual(expected);
    expect([log.userCount, log.itemCount]).toEqual([2, 2]);
    expect(log.userIds).toEqual(["bob", "ann"]);
    expect(log.itemIds).toEqual(["", "tea", "jam"]);
    expect([...log.itemCounts]).toEqual([0, 2, 1]);
    expect([...log.offsets]).toEqual([0, 1, 3]);
    expect(log.report).toMatchObject({ rowsRead: 3, rowsKept: 3, dropped: [], rowsBelowMinimum: 0 });
  }
});

test("parquet is read, packed or not, whatever the types of its columns", async () => {
  const path = temporaryPath("it's.parquet");
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`COPY (SELECT * FROM (VALUES (7::BIGINT, 'tea', TIMESTAMP '2020-01-05'), (8, 'jam', TIMESTAMP '2020-01-09'),
    (8, 'tea', TIMESTAMP '2020-01-08'), (NULL, 'tea', NULL)) t("user", item, "time")) TO '${path.replace("'", "''")}'`);
  connection.closeSync();
  for (const file of [path, write("packed.parquet.gz", gzipSync(readFileSync(path)))]) {
    const log = await readInteractions(file);
    expect(named(log)).toEqual({ 7: ["tea"], 8: ["tea", "jam"] });
    expect(log.report.dropped).toEqual([{ reason: "with no user", count: 1, firstLine: 4 }]);
  }
});

test("times come along in the order of the items, numbers as they are and dates in seconds, where there are any", async () => {
  const numbers = write("numbers.csv", "user,item,time\nb,x,5\na,y,9.5\na,x,-3\n,y,1\n");
  expect((await readInteractions(numbers)).times).toEqual(Float64Array.of(5, -3, 9.5));
  const dates = write("days.csv", "user,item,date\na,x,2020-01-02\na,y,1970-01-02 00:00:01\n");
  expect((await readInteractions(dates)).times).toEqual(Float64Array.of(86401, 1577923200));
  expect((await readInteractions(numbers, { time: false })).times).toBeUndefined();
  expect((await readInteractions(write("timeless.txt", "a x y\n"), { format: "sequences" })).times).toBeUndefined();
});

test("items are numbered by frequency, then by first row; ties in time keep the order of the file", async () => {
  const log = await readInteractions(write("ties.csv", "user,item,time\na,x,1\na,y,1\na,z,1\nb,z,1\na,w,0\n"));
  expect(log.itemIds).toEqual(["", "z", "x", "y", "w"]);
  expect(named(log)).toEqual({ a: ["w", "x", "y", "z"], b: ["z"] });
});

test("items below their minimum leave first, then users, once", async () => {
  const lines = ["a,x", "a,y", "b,x", "b,y", "c,x", "c,rare", "d,rarer"];
  const path = write("minimum.csv", `user,item\n${lines.join("\n")}`);
  const log = await readInteractions(path, { time: false, minimumItemCount: 2, minimumUserCount: 2 });
  expect(named(log)).toEqual({ a: ["x", "y"], b: ["x", "y"] });
  expect([...log.itemCounts]).toEqual([0, 2, 2]);
  expect(log.report).toMatchObject({
    rowsRead: 7,
    rowsKept: 4,
    itemsBelowMinimum: 2,
    usersBelowMinimum: 2,
    rowsBelowMinimum: 3,
  });
  expect(describeLog(log)[1]).toBe("left out 2 items and 2 users below the minimum counts (3 rows)");
});

const damaged: [
  name: string,
  content: string,
  kept: number,
  dropped: [reason: string, count: number, firstLine: number][],
][] = [
  ["empty lines.csv", "user,item,time\na,x,1\n\na,x,2\n\n", 2, [["with nothing on the line", 2, 3]]],
  ["empty lines first.csv", "\n\nuser,item,time\na,x,1\n,y,2\n", 1, [["with no user", 1, 5]]],
  [
    "many faults.csv",
    "user,item,time\na,x,1\n\na,y,\n,z,3\nb,x,4,5\nb,x\nb, ,6\nc,x,soon\nc,x,nan\nc,y,7\n",
    2,
    [
      ["with nothing on the line", 1, 3],
      ["with no readable time", 3, 4],
      ["with no user", 1, 5],
      ["with the wrong number of fields", 2, 6],
      ["with no item", 1, 8],
    ],
  ],
  [
    "unpaired quote.csv",
    'user,item,time\na,x,1\nb,"y,2\nc,z,3\nd,"say ""w""",4\n',
    3,
    [["with an unpaired quote", 1, 3]],
  ],
  [
    "quote that swallows.csv",
    'user,item,time\na,"x,1\nb,y,2\nb,"z",2\n,q,3\n',
    2,
    [
      ["with an unpaired quote", 1, 2],
      ["with no user", 1, 5],
    ],
  ],
  [
    "faults.dat",
    "1::2::3::4\n1::2::3\n\n::2::3::4\n",
    1,
    [
      ["with the wrong number of fields", 1, 2],
      ["with nothing on the line", 1, 3],
      ["with no user", 1, 4],
    ],
  ],
  [
    "faults.jsonl",
    '{"user":"a","item":5,"time":1}\n{broken\n\n[1]\n{"user":null,"item":1,"time":2}\n',
    1,
    [
      ["that are no JSON object", 2, 2],
      ["with nothing on the line", 1, 3],
      ["with no user", 1, 5],
    ],
  ],
];

test.each(damaged)(
  "%s loses no other row, and each fault is counted with its first line",
  async (name, content, kept, dropped) => {
    const { report } = await readInteractions(write(name, content));
    expect(report.dropped.map(({ reason, count, firstLine }) => [reason, count, firstLine])).toEqual(dropped);
    expect(report.rowsKept).toBe(kept);
    expect(report.rowsRead).toBe(kept + dropped.reduce((sum, [, count]) => sum + count, 0));
  },
);

test("a user without items is a fault of a file of sequences", async () => {
  const log = await readInteractions(write("lonely.txt", "a x y\nb\n\nc x\n"), { format: "sequences" });
  expect(named(log)).toEqual({ a: ["x", "y"], c: ["x"] });
  expect(describeLog(log)).toEqual([
    "3 interactions of 2 users with 2 items",
    "skipped 1 row with no items (line 2); 1 row with nothing on the line (line 3)",
  ]);
});

test("any log in memory comes back as the definition says", async () => {
  const event = fc.record({
    user: fc.integer({ min: 0, max: 5 }),
    item: fc.integer({ min: 0, max: 7 }),
    time: fc.integer({ min: 0, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 60 }), async (events) => {
      const lines = events.map(({ user, item, time }) => `u${user},i${item},${time}`);
      const log = await readInteractions(write("any.csv", `user,item,time\n${lines.join("\n")}\n`));
      const sorted = events.map((each, row) => ({ ...each, row })).sort((a, b) => a.time - b.time || a.row - b.row);
      const itemsOf = (wanted: number) => sorted.filter(({ user }) => user === wanted).map(({ item }) => `i${item}`);
      const users = [...new Set(events.map(({ user }) => user))];
      expect(log.userIds).toEqual(users.map((user) => `u${user}`));
      expect(named(log)).toEqual(Object.fromEntries(users.map((user) => [`u${user}`, itemsOf(user)])));
      expect([...log.itemCounts.slice(1)]).toEqual([...log.itemCounts.slice(1)].sort((a, b) => b - a));
    }),
    { numRuns: 15 },
  );
});

const refused: [what: string, path: () => string, options: ReadInteractionsOptions, message: RegExp][] = [
  ["a missing file", () => temporaryPath("none.csv"), {}, /none\.csv: no such file$/],
  ["a missing file of unknown format", () => temporaryPath("none"), {}, /none: no such file$/],
  ["a folder", () => temporaryPath("."), {}, /: not a file$/],
  ["an empty file", () => write("empty.csv", ""), {}, /empty\.csv: the file is empty$/],
  ["an empty packed file", () => write("empty.csv.gz", gzipSync("")), {}, /the file is empty$/],
  ["only empty lines", () => write("blank.csv", "\n\n\n"), {}, /nothing on the first lines$/],
  ["only a header", () => write("header.csv", "user,item,time\n"), {}, /no rows after the header$/],
  ["an unknown extension", () => write("log.xyz", "a"), {}, /say which: csv, tsv, dat, jsonl, parquet, sequences$/],
  [
    "an unknown format",
    () => write("log2.csv", "a"),
    { format: "xml" as "csv" },
    /xml is no format; there are csv, tsv/,
  ],
  [
    "a truncated packed file",
    () => write("cut.csv.gz", gzipSync("user,item,time\na,b,1\n".repeat(99)).subarray(0, 40)),
    {},
    /cannot be unpacked/,
  ],
  ["text called parquet", () => write("text.parquet", "user,item,time\n"), {}, /cannot be read as parquet/],
  [
    "no column of that name",
    () => write("named.csv", "who,item,time\na,b,1"),
    { user: "user_id" },
    /no user column "user_id"; the columns are who, item, time$/,
  ],
  [
    "no usual column",
    () => write("usual.csv", "user,what,time\na,b,1"),
    {},
    /no item column; name it with item; the columns are user, what, time$/,
  ],
  [
    "no column of that name in JSON",
    () => write("named.jsonl", '{"user":1,"item":2}'),
    { time: "when" },
    /no time column "when"; the columns are item, user$/,
  ],
  [
    "a `::` file of other columns",
    () => write("three.dat", "1::2::3\n"),
    {},
    /lines have 3 fields, but there are 4 column names \(user, item, rating, time\)$/,
  ],
  [
    "no usable row",
    () => write("useless.csv", "user,item,time\n,x,1\n,y,2\n"),
    {},
    /no row can be used: 2 rows with no user \(first at line 2\)$/,
  ],
  [
    "nothing frequent enough",
    () => write("rare.csv", "user,item,time\na,x,1\n"),
    { minimumItemCount: 9 },
    /no rows are left after the minimum counts \(9 per item, 1 per user\); lower them$/,
  ],
  [
    "a minimum that is no number",
    () => write("min.csv", "user,item,time\na,x,1\n"),
    { minimumUserCount: Number.NaN },
    /minimumUserCount is a number from 0, got NaN$/,
  ],
];

test.each(refused)("%s is refused in one line", async (_, path, options, message) => {
  expect(await failureOf(() => readInteractions(path(), options))).toMatch(message);
});

const real: [name: string, options: ReadInteractionsOptions, counts: [users: number, items: number, rows: number]][] = [
  ["ml-1m/interactions.csv.gz", { user: "user_id", item: "item_id", time: "position" }, [6040, 3706, 1_000_209]],
  ["ml-1m/ratings-users-1-2999.dat.gz", {}, [2999, 3615, 487_650]],
  ["ml-latest-small/ratings.dat.gz", {}, [671, 9066, 100_004]],
  ["beauty/interactions.tsv.gz", {}, [22_363, 12_101, 198_502]],
  ["kuairec/sequences.txt.gz", { format: "sequences" }, [9209, 2233, 55_346]],
  ["formats/torch-rechub-ml-1m-sample.csv", {}, [2, 93, 100]],
  [
    "formats/comirec-book-train-demo.txt.gz",
    { format: "csv", columnNames: ["user", "item", "order"] },
    [1467, 17_049, 20_000],
  ],
];

test.for(real)("the real log %s loses no row", async ([name, options, counts], { skip }) => {
  const path = sharedFile(name, skip);
  const log = await readInteractions(path, options);
  expect([log.userCount, log.itemCount, log.report.rowsKept]).toEqual(counts);
  expect(log.report.rowsRead).toBe(log.report.rowsKept);
});

test("the two forms of MovieLens-1M agree up to ties in time", async ({ skip }) => {
  const csv = sharedFile("ml-1m/interactions.csv.gz", skip);
  const dat = sharedFile("ml-1m/ratings-users-1-2999.dat.gz", skip);
  const [all, part] = [await readInteractions(csv), await readInteractions(dat)];
  for (const id of ["1", "500", "2999"]) {
    const items = (log: InteractionLog) =>
      Array.from(itemsAt(log, log.userIds.indexOf(id)), (item) => log.itemIds[item]!);
    expect(items(part).sort()).toEqual(items(all).sort());
  }
});
