import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fail, PolymindError } from "../errors.ts";

/** The file operations that storing needs; an argument of its functions, so that tests can crash between any two. */
export interface Disk {
  /** Names in a folder; undefined where there is nothing. */
  list(folder: string): Promise<string[] | undefined>;
  /** The bytes of a file; undefined where there is nothing. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Makes a folder and those above it; one that is there is left as it is. */
  makeFolder(path: string): Promise<void>;
  /** Writes a whole file and flushes it. */
  write(path: string, chunks: readonly Uint8Array[]): Promise<void>;
  /** Flushes the names in a folder: renames and new files survive a loss of power only after this. */
  flushFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all it holds; nothing there is fine. */
  remove(path: string): Promise<void>;
}

/** Some systems cap one read call at 2^31 - 1 bytes. */
const readAtOnce = 2 ** 30;

/**
 * Makes a folder and those above it that are missing; tells whether it made any. Not by `recursive: true`, which never
 * returns where a folder exists but takes no children, as under /proc.
 */
async function makeMissing(path: string): Promise<boolean> {
  const isFolder = (at: string) => stat(at).then((found) => found.isDirectory(), absent);
  if (await isFolder(path)) return false;
  const parent = dirname(resolve(path));
  if ((await isFolder(parent)) === undefined) await makeMissing(parent);
  await mkdir(path);
  return true;
}

/** The real file system. */
export const nodeDisk: Disk = {
  list: (folder) => readdir(folder).catch(absent),
  async read(path) {
    const file = await open(path).catch(absent);
    if (file === undefined) return undefined;
    try {
      const bytes = new Uint8Array((await file.stat()).size);
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await file.read(bytes, done, Math.min(readAtOnce, bytes.length - done));
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    } finally {
      await file.close();
    }
  },
  async makeFolder(path) {
    if (!(await makeMissing(path))) return;
    // A folder above that may be written but not read cannot be flushed; the folder itself is made all the same.
    await flushFolder(dirname(resolve(path))).catch(() => undefined);
  },
  async write(path, chunks) {
    const file = await open(path, "w");
    try {
      for (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  flushFolder,
  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
};

/** Rethrows a failure of the file system as one line that says what cannot be done and why. */
export function explainFailure(error: unknown, cannot: string): never {
  if (error instanceof PolymindError) throw error;
  const reasons: Record<string, string> = {
    EACCES: "permission denied",
    EPERM: "permission denied",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    EDQUOT: "the disk quota is used up",
    ENOTDIR: "it is a file, or lies below one, where a folder is needed",
    EEXIST: "it is a file, not a folder",
    EISDIR: "it is a folder, not a file",
  };
  const reason = reasons[errorCode(error) ?? ""] ?? (error instanceof Error ? error.message : String(error));
  return fail(`${cannot}: ${reason.replace(/\s+/g, " ")}`, error);
}

/** The same for a file that is written beside a model: what is missing is its folder. */
export function explainWriting(error: unknown, path: string): never {
  const missing = errorCode(error) === "ENOENT";
  return explainFailure(missing ? new Error(`there is no folder ${dirname(path)}`) : error, `cannot write ${path}`);
}

/** Fails, as a write would, where a file is to be and a folder is. */
export async function refuseFolder(path: string): Promise<void> {
  // Only a folder can be listed.
  const names = await readdir(path).catch(() => undefined);
  if (names !== undefined) throw Object.assign(new Error("it is a folder"), { code: "EISDIR" });
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function absent(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
