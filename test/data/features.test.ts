import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { encodeFeatures, type FeatureTable } from "../../src/data/features.ts";
import { type ReadFeaturesOptions, readFeatures } from "../../src/data/features-file.ts";
import { readInteractions } from "../../src/data/log-file.ts";
import { failureOf, sharedFile, temporaryPath, write } from "./files.ts";

/** The values of one row, field by field. */
function valuesOf(table: FeatureTable, row: number): string[][] {
  let offset = 0;
  return table.fields.map(({ width, values, firstFeature }) => {
    const places = table.rows.subarray(row * table.width + offset, row * table.width + offset + width);
    offset += width;
    return Array.from(
      places.filter((id) => id > 0),
      (id) => values[id - firstFeature]!,
    );
  });
}

test("ids run over all fields by frequency, several values take several places, absent ones are 0", () => {
  const table = encodeFeatures(
    [
      { name: "colour", values: [["red"], ["blue"], ["blue"], []] },
      { name: "genre", values: [["b", "a"], [], ["a"], []] },
    ],
    4,
  );
  expect(table.fields.map(({ values }) => values)).toEqual([
    ["blue", "red"],
    ["a", "b"],
  ]);
  expect([table.width, table.featureCount, table.rowCount]).toEqual([3, 4, 4]);
  expect([...table.rows]).toEqual([2, 4, 3, 1, 0, 0, 1, 3, 0, 0, 0, 0]);
});

const ids = ["", "1", "2", "3"];
const genres = [[["a", "b"]], [["a"]], [[]]];
const files: [name: string, content: string, options?: Partial<ReadFeaturesOptions>][] = [
  ["items.csv", "id,genre\n1,a|b\n2,a\n2,ignored\n9,z\n"],
  ["spaced.csv", "id,genre\n1, a ; b;a\n2,a\n", { separator: ";" }],
  ["items.tsv", "genre\tid\na|b\t1\na\t2\n", { key: "id" }],
  ["items.dat", "1::a|b\n2::a\n"],
  ["items.jsonl", '{"id":1,"genre":["a","b"]}\n{"id":2,"genre":"a"}\n', { key: "id" }],
  ["items.json", '{"1":["a","b"],"2":["a"]}'],
];

test.each(files)("%s gives each id its features, packed or not", async (name, content, options) => {
  for (const path of [write(name, content), write(`${name}.gz`, gzipSync(content))]) {
    const table = await readFeatures(path, { ids, ...options });
    expect([1, 2, 3].map((row) => valuesOf(table, row))).toEqual(genres);
    expect(valuesOf(table, 0)).toEqual([[]]);
    expect(table.unmatched).toBe(1);
    expect(table.featureCount).toBe(2);
  }
});

test("Latin-1 text is read as such, UTF-8 as UTF-8", async () => {
  const text = "1::Amélie\n2::Ça ira\n";
  for (const path of [write("latin.dat", Buffer.from(text, "latin1")), write("utf.dat", text)]) {
    const table = await readFeatures(path, { ids, columns: ["column1"] });
    expect(valuesOf(table, 1)).toEqual([["Amélie"]]);
    expect(valuesOf(table, 2)).toEqual([["Ça ira"]]);
  }
});

test("a column that is no category is left out with a note, unless it is named", async () => {
  const lines = Array.from({ length: 50 }, (_, index) => `${index},title ${index},${index % 3},`);
  const path = write("wide.csv", `id,title,shelf,nothing\n${lines.join("\n")}\n`);
  const all = { ids: Array.from({ length: 50 }, (_, index) => String(index)) };
  const table = await readFeatures(path, all);
  expect(table.fields.map(({ name }) => name)).toEqual(["shelf"]);
  expect(table.notes).toEqual([
    "column title is left out: 50 different values in 50 rows; name it to use it all the same",
    "column nothing is left out: it is empty",
  ]);
  const named = await readFeatures(path, { ...all, columns: ["title"] });
  expect(named.featureCount).toBe(50);
});

test("a malformed row is a note", async () => {
  const { notes } = await readFeatures(write("note.csv", "id,genre\n1,a\n2\n3,b\n"), { ids });
  expect(notes).toEqual(["skipped 1 row with the wrong number of fields (line 3)"]);
});

const refused: [what: string, path: () => string, options: Partial<ReadFeaturesOptions>, message: RegExp][] = [
  ["a missing file", () => temporaryPath("none.json"), {}, /none\.json: no such file$/],
  [
    "a missing column",
    () => write("a.csv", "id,genre\n1,a\n"),
    { columns: ["tags"] },
    /no column "tags"; the columns are id, genre$/,
  ],
  [
    "a missing key",
    () => write("b.csv", "id,genre\n1,a\n"),
    { key: "item" },
    /no column "item"; the columns are id, genre$/,
  ],
  ["only a key", () => write("c.csv", "id\n1\n"), {}, /no column but the key id$/],
  ["strange keys", () => write("d.csv", "id,genre\nx,a\n"), {}, /none of its keys is an id of the log/],
  [
    "no category",
    () => write("e.csv", "id,genre\n1,\n"),
    {},
    /no column is a category: column genre is left out: it is empty$/,
  ],
  ["broken JSON", () => write("f.json", "{"), {}, /is no JSON/],
  ["JSON of another shape", () => write("g.json", "[1]"), {}, /is no JSON object of lists$/],
  [
    "JSON that is deeper",
    () => write("h.json", '{"1":{"a":1}}'),
    {},
    /the value of "1" is neither a text, a number nor a list/,
  ],
];

test.each(refused)("%s is refused in one line", async (_, path, options, message) => {
  expect(await failureOf(() => readFeatures(path(), { ids, ...options }))).toMatch(message);
});

test("the users and movies of MovieLens-1M and the attributes of Beauty match their logs", async ({ skip }) => {
  const [log, users, movies] = ["interactions.csv.gz", "users.dat.gz", "movies.dat.gz"].map((name) =>
    sharedFile(`ml-1m/${name}`, skip),
  );
  const [beauty, attributes] = ["interactions.tsv.gz", "item_attributes.json.gz"].map((name) =>
    sharedFile(`beauty/${name}`, skip),
  );
  const { userIds, itemIds } = await readInteractions(log!);
  const profile = await readFeatures(users!, {
    ids: userIds,
    columnNames: ["user", "gender", "age", "occupation", "zip"],
  });
  expect(profile.fields.map(({ name, values }) => [name, values.length])).toEqual([
    ["gender", 2],
    ["age", 7],
    ["occupation", 21],
  ]);
  const genre = await readFeatures(movies!, { ids: itemIds, columnNames: ["item", "title", "genres"] });
  expect([genre.fields[0]!.values.length, genre.width, genre.unmatched, profile.unmatched]).toEqual([18, 6, 0, 0]);
  const lists = await readFeatures(attributes!, { ids: (await readInteractions(beauty!)).itemIds });
  expect([lists.rowCount, lists.unmatched]).toEqual([12_102, 0]);
});
