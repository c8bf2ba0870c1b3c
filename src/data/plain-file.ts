/** Needs Node: finds a file, unpacks it, and says from its name what it holds. */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { fail } from "../errors.ts";

/**
 * `dat` is MovieLens' `::`, without a header; `jsonl` is one JSON object per line; `sequences` is a user and then all
 * their items, oldest first, on one line with spaces between.
 */
export type FileFormat = "csv" | "tsv" | "dat" | "jsonl" | "parquet" | "sequences";

export const fileFormats: readonly FileFormat[] = ["csv", "tsv", "dat", "jsonl", "parquet", "sequences"];

const formatOfExtension: Readonly<Record<string, FileFormat>> = {
  ".csv": "csv",
  ".tsv": "tsv",
  ".tab": "tsv",
  ".dat": "dat",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".parquet": "parquet",
  ".pq": "parquet",
};

/** "log.csv" of "/data/log.csv.gz". */
export function nameWithoutPacking(path: string): string {
  return basename(path).replace(/\.gz$/i, "");
}

/** The format that was asked for, else the one that the extension tells. */
export function formatOf(path: string, asked?: FileFormat): FileFormat {
  if (asked !== undefined) {
    return fileFormats.includes(asked) ? asked : fail(`${asked} is no format; there are ${fileFormats.join(", ")}`);
  }
  return (
    formatOfExtension[extname(nameWithoutPacking(path)).toLowerCase()] ??
    fail(`${path}: its name does not tell the format; say which: ${fileFormats.join(", ")}`)
  );
}

/**
 * Gives `use` the path of a plain file with the content of `path`. A `.gz` is unpacked to a temporary file: so a
 * truncated one is found, and DuckDB reads the rest with all cores.
 */
export async function withPlainFile<T>(path: string, use: (plainPath: string) => Promise<T>): Promise<T> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) =>
    fail(cause.code === "ENOENT" ? `${path}: no such file` : `${path}: cannot be read (${cause.code})`, cause),
  );
  if (!found.isFile()) fail(`${path}: not a file`);
  if (found.size === 0) fail(`${path}: the file is empty`);
  if (!/\.gz$/i.test(path)) return use(resolve(path));
  const folder = await mkdtemp(join(tmpdir(), "polymind-"));
  try {
    const unpacked = join(folder, "unpacked");
    await unpack(path, unpacked);
    return await use(unpacked);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpack(path: string, unpacked: string): Promise<void> {
  const chunkSize = 1 << 20;
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: chunkSize }),
      createGunzip({ chunkSize }),
      createWriteStream(unpacked, { highWaterMark: chunkSize }),
    );
  } catch (cause) {
    fail(`${path}: cannot be unpacked, it is damaged or not all there (${(cause as Error).message})`, cause);
  }
  if ((await stat(unpacked)).size === 0) fail(`${path}: the file is empty`);
}
