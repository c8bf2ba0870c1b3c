import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { literal, withDatabase } from "../../src/data/duckdb-file.ts";
import { readEmbeddings } from "../../src/data/embeddings-file.ts";
import { encodeSafetensors } from "../../src/storage/safetensors.ts";
import { encodeNpy } from "../storage/npy-file.ts";

/** Items 1 to 4; the third has no vector, and the files know an item that the log does not. */
const ids = ["12", "b", "none", "7"];
const wanted = [1, 2, 3, 4, 0, 0, 5, 6];
const data = Float32Array.of(5, 6, 9, 9, 1, 2, 3, 4);
const rowIds = ["7", "other", "12", "b"];

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polymind-embeddings-"));
  await writeFile(at("m.npy"), encodeNpy("<f4", [4, 2], data));
  await writeFile(at("m.ids.txt"), `${rowIds.join("\n")}\n`);
  await writeFile(at("alone.npy"), encodeNpy("<f4", [4, 2], data));
  await writeFile(at("line.npy"), encodeNpy("<f4", [8], data));
  await writeFile(at("short.ids.txt"), "7\r\n12\r\n");
  await writeFile(at("strange.ids.txt"), "p\nq\nr\ns\n");
  await writeFile(
    at("m.safetensors"),
    Buffer.concat(encodeSafetensors(new Map([["weight", { shape: [4, 2], data }]]))),
  );
  const numbered = new Map([
    ["bias", { shape: [1, 2], data: Float32Array.of(0, 0) }],
    ["embeddings", { shape: [2, 2], data: Float32Array.of(5, 6, 1, 2) }],
    ["ids", { shape: [2], data: Uint32Array.of(7, 12) }],
  ]);
  await writeFile(at("numbered.safetensors"), Buffer.concat(encodeSafetensors(numbered)));
  numbered.delete("embeddings");
  await writeFile(
    at("two.safetensors"),
    Buffer.concat(encodeSafetensors(numbered.set("more", { shape: [1, 2], data: Float32Array.of(0, 0) }))),
  );
  const rows = rowIds.map((id, i) => [id, data[2 * i], data[2 * i + 1]] as const);
  await writeFile(at("m.csv"), ["item,x,y", ...rows.map((row) => row.join(","))].join("\n"));
  await writeFile(at("lists.tsv"), ["item\tv", ...rows.map(([id, x, y]) => `${id}\t[${x}, ${y}]`)].join("\n"));
  await writeFile(at("m.jsonl"), rows.map(([id, x, y]) => JSON.stringify({ id, v: [x, y] })).join("\n"));
  await writeFile(at("nan.csv"), "item,x,y\n12,1,2\nb,3,\n");
  await writeFile(at("ragged.jsonl"), '{"id":"12","v":[1,2]}\n{"id":"b","v":[1,2,3]}\n');
  await writeFile(at("m.bin"), "1 2");
  await withDatabase((database) =>
    database.run(
      `COPY (SELECT * FROM (VALUES ${rows.map(([id, x, y]) => `([${x}, ${y}]::FLOAT[], '${id}')`).join(", ")}) AS t(v, item))
       TO ${literal(at("m.parquet"))} (FORMAT parquet)`,
    ),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ["m.npy", {}],
  ["alone.npy", { idsFile: "m.ids.txt" }],
  ["m.safetensors", {}],
  ["m.csv", {}],
  ["lists.tsv", {}],
  ["m.jsonl", { key: "id" }],
  ["m.parquet", { key: "item" }],
])(
  "%s: a row for each item that has a vector, in the order of the log",
  async (name, { idsFile, key }: { idsFile?: string; key?: string }) => {
    const read = await readEmbeddings(at(name), { ids, key, idsFile: idsFile && at(idsFile) });
    expect([[...read.rows], [...read.found], read.missing, read.dimension]).toEqual([wanted, [1, 1, 0, 1], 1, 2]);
  },
);

test("whole numbers called ids name the rows of the matrix called embeddings", async () => {
  const read = await readEmbeddings(at("numbered.safetensors"), { ids });
  expect([[...read.rows], read.missing]).toEqual([[1, 2, 0, 0, 0, 0, 5, 6], 2]);
});

test.each([
  [
    "alone.npy",
    {},
    /alone\.npy: which item is which row\? A text of one id in a line is expected at .*alone\.ids\.txt/,
  ],
  ["alone.npy", { idsFile: "short.ids.txt" }, /4 rows, but 2 ids/],
  [
    "alone.npy",
    { idsFile: "strange.ids.txt" },
    /none of its ids is an item of the log: it begins with "p", the log's with "12"/,
  ],
  ["line.npy", {}, /expected a matrix with a row for each item, got the shape \(8\)/],
  ["two.safetensors", {}, /expected one matrix, or one called embeddings; its matrices are bias, more/],
  ["nan.csv", {}, /number 2 of the vector of item b is NaN, which is not finite/],
  ["ragged.jsonl", { key: "id" }, /the vector of item b has 3 numbers, those before it 2/],
  ["m.csv", { key: "id" }, /no column "id"; the columns are item, x, y/],
  ["m.bin", {}, /vectors are read from \.npy, \.safetensors, \.parquet/],
  ["missing.npy", {}, /missing\.npy: no such file/],
])("%s %o is refused", async (name, { idsFile, key }: { idsFile?: string; key?: string }, message) => {
  await expect(readEmbeddings(at(name), { ids, key, idsFile: idsFile && at(idsFile) })).rejects.toThrow(message);
});
