import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { explainWriting, nodeDisk, refuseFolder } from "./disk.ts";

/** A file that is there whole when it is finished, and not at all before. */
export interface WholeFile {
  readonly path: string;
  write(content: Uint8Array | string): Promise<void>;
  /** Flushes it and puts it in its place, also over an older one. */
  finish(): Promise<void>;
  /** Leaves nothing behind; does nothing after `finish`. */
  abandon(): Promise<void>;
}

/** Fails at once where the file cannot be written. */
export async function openWholeFile(path: string): Promise<WholeFile> {
  const temporary = `${path}.${randomUUID()}`;
  const explain = (error: unknown) => explainWriting(error, path);
  let file: FileHandle | undefined = await refuseFolder(path)
    .then(() => open(temporary, "w"))
    .catch(explain);
  return {
    path,
    async write(content) {
      await file!.writeFile(content).catch(explain);
    },
    async finish() {
      try {
        await file!.sync();
        await file!.close();
        file = undefined;
        await rename(temporary, path);
        await nodeDisk.flushFolder(dirname(path));
      } catch (error) {
        await rm(temporary, { force: true });
        explain(error);
      }
    },
    async abandon() {
      if (file === undefined) return;
      const open = file;
      file = undefined;
      await open.close().catch(() => undefined);
      await rm(temporary, { force: true });
    },
  };
}
