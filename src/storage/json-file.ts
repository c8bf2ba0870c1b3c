import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import { explainWriting, nodeDisk, refuseFolder } from "./disk.ts";

/** Throws unless a file can be written there; to be called before the work whose results it is for. */
export async function ensureFile(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const probe = `${path}.${randomUUID()}`;
  try {
    await refuseFolder(path);
    await nodeDisk.write(probe, []);
    await nodeDisk.remove(probe);
  } catch (error) {
    explainWriting(error, path);
  }
}

/** Writes a value as JSON, all of it or nothing. */
export async function writeJsonFile(path: string | undefined, value: unknown): Promise<void> {
  if (path !== undefined) await writeTextFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** Writes a text, all of it or nothing. */
export async function writeTextFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await nodeDisk.write(temporary, [new TextEncoder().encode(text)]);
    await nodeDisk.rename(temporary, path);
    await nodeDisk.flushFolder(dirname(path));
  } catch (error) {
    await nodeDisk.remove(temporary).catch(() => undefined);
    explainWriting(error, path);
  }
}
