/** Needs Node: vectors of items from a file. */
import { readFile } from "node:fs/promises";
import { fail } from "../errors.ts";
import { fromHalves } from "../reference/half.ts";
import { decodeNpy } from "../storage/npy.ts";
import { decodeSafetensors } from "../storage/safetensors.ts";
import { withDatabase } from "./duckdb-file.ts";
import { collectEmbeddings, type EmbeddingsCollector, type ItemEmbeddings } from "./embeddings.ts";
import { type FileFormat, formatOf, nameWithoutPacking, withPlainFile } from "./plain-file.ts";
import { listSeparator } from "./table-columns-file.ts";
import { openTable } from "./table-file.ts";

export interface ReadEmbeddingsOptions {
  /** Ids of items 1, 2 and so on, as they are in the log. */
  readonly ids: readonly string[];
  /** A text of one id in a line, for each row of a `.npy` or `.safetensors` file. Default: beside it, with `.ids.txt` for the extension. */
  readonly idsFile?: string | undefined;
  /** Column of the id in a table. Default: the first. */
  readonly key?: string | undefined;
}

/** A matrix with a row for each id. */
interface Matrix {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint32Array;
  readonly ids?: readonly string[];
}

/** Reads vectors of items: a matrix, `.npy` or `.safetensors`, with its ids; or a table of an id and numbers, or of an id and lists. */
export function readEmbeddings(path: string, options: ReadEmbeddingsOptions): Promise<ItemEmbeddings> {
  return withPlainFile(path, async (plainPath) => {
    const extension = /\.(npy|safetensors)$/i.exec(nameWithoutPacking(path))?.[1]?.toLowerCase();
    if (extension === undefined) return readTable(plainPath, path, options);
    const bytes = await readFile(plainPath);
    const matrix = extension === "npy" ? decodeNpy(bytes, path) : matrixOf(bytes, path);
    return fromMatrix(matrix, path, options);
  });
}

async function fromMatrix(matrix: Matrix, path: string, { ids, idsFile }: ReadEmbeddingsOptions) {
  const [count, dimension, ...more] = matrix.shape;
  if (count === undefined || dimension === undefined || more.length > 0)
    return fail(`${path}: expected a matrix with a row for each item, got the shape (${matrix.shape.join(", ")})`);
  const names = (idsFile === undefined ? matrix.ids : undefined) ?? (await readIds(path, idsFile));
  if (names.length !== count)
    fail(`${path}: ${count} rows, but ${names.length} ids; a row of the matrix belongs to each line of the ids`);
  const collector = collectEmbeddings(path, ids, dimension);
  names.forEach((id, row) => {
    collector.add(id, matrix.data.subarray(row * dimension, (row + 1) * dimension));
  });
  return collector.finish();
}

async function readIds(path: string, idsFile?: string): Promise<string[]> {
  const file = idsFile ?? `${path.replace(/\.gz$/i, "").replace(/\.[^./]+$/, "")}.ids.txt`;
  const text = await readFile(file, "utf8").catch((cause) =>
    fail(
      `${path}: which item is which row? A text of one id in a line is expected at ${file} (${(cause as Error).message}); name another`,
      cause,
    ),
  );
  return text.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** The one matrix of a safetensors file, or the one called `embeddings`; ids may be there as whole numbers, called `ids`. */
function matrixOf(bytes: Uint8Array, path: string): Matrix {
  const { tensors } = decodeSafetensors(bytes, path);
  const matrices = [...tensors].filter(([, { shape }]) => shape.length === 2);
  const named = tensors.get("embeddings") ?? (matrices.length === 1 ? matrices[0]![1] : undefined);
  if (named === undefined) {
    const names = matrices.map(([name]) => name).join(", ") || "none";
    return fail(`${path}: expected one matrix, or one called embeddings; its matrices are ${names}`);
  }
  const ids = tensors.get("ids")?.data;
  return {
    shape: named.shape,
    data: named.data instanceof Uint16Array ? fromHalves(named.data) : named.data,
    ...(ids && { ids: Array.from(ids, String) }),
  };
}

async function readTable(
  path: string,
  shownPath: string,
  { ids, key }: ReadEmbeddingsOptions,
): Promise<ItemEmbeddings> {
  if (!/\.(csv|tsv|tab|jsonl|ndjson|parquet|pq)$/i.test(nameWithoutPacking(shownPath)))
    fail(
      `${shownPath}: vectors are read from .npy, .safetensors, .parquet, .csv, .tsv and .jsonl, told by the extension`,
    );
  const format = formatOf(shownPath) as Exclude<FileFormat, "sequences">;
  return withDatabase(async (database) => {
    const table = await openTable(database, { path, shownPath, format });
    const name = key ?? table.columns[0]!;
    if (!table.columns.includes(name))
      fail(`${shownPath}: no column "${name}"; the columns are ${table.columns.join(", ")}`);
    const columns = table.columns.filter((column) => column !== name);
    if (columns.length === 0) fail(`${shownPath}: there is no column but the id ${name}`);
    await table.load([name, ...columns].map((column) => ({ name: column, kind: "text" })));
    let collector: EmbeddingsCollector | undefined;
    await database.stream("SELECT * FROM source ORDER BY rowid", ([keyOf, ...readers], rowCount) => {
      for (let row = 0; row < rowCount; row++) {
        const vector = readers.flatMap((read) => numbersOf(read(row)));
        collector ??= collectEmbeddings(shownPath, ids, vector.length);
        collector.add(String(keyOf!(row)), vector);
      }
    });
    return collector?.finish() ?? fail(`${shownPath}: there are no rows`);
  });
}

/** A number, or a list of them in any common notation; what is no number is NaN. */
function numbersOf(text: number | string | null): number[] {
  if (text === null) return [Number.NaN];
  const parts = String(text)
    .replaceAll(listSeparator, " ")
    .split(/[\s,;[\]]+/);
  return parts.filter((part) => part !== "").map(Number);
}
