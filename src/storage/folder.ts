import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fail } from "../errors.ts";
import { type Disk, explainFailure, nodeDisk } from "./disk.ts";
import { currentManifest, encodeManifest, isPlainName, manifestName, nextName, parseManifest } from "./manifest.ts";

// Several files must change as one, keep plain names for other tools, and be readable at any instant. Swapping two folders
// needs two renames, with no model in between, and takes away what else the user keeps there. So: the new set is completed in a
// staging folder inside the model folder; one rename to `.polymind-next` makes it the model; then its files are moved over the
// old ones, the manifest last. A reader looks into `.polymind-next` first, so it needs no repair and works on read-only disks;
// the next save finishes moves that a crash cut short.
const stagingPrefix = ".polymind-saving-";
const ownPrefix = ".polymind-";

/** The files of a model by name; text is written as UTF-8, chunks one after another. */
export type FolderFiles = ReadonlyMap<string, Uint8Array | readonly Uint8Array[] | string>;

/**
 * Replaces the model in the folder `path` (made where it is missing) by `files`, all or nothing: after a crash or a loss of power
 * at any point the folder holds the old set or the new one. Files of the old set that the new one lacks are removed, others stay.
 * One process may write to a folder at a time.
 */
export async function writeFolder(path: string, files: FolderFiles, disk: Disk = nodeDisk): Promise<void> {
  const contents = new Map<string, readonly Uint8Array[]>();
  for (const [name, content] of files) {
    if (!isPlainName(name)) fail(`${JSON.stringify(name)} cannot be the name of a file in a model folder`);
    contents.set(name, toChunks(content));
  }
  try {
    await prepare(path, disk);
    await finishMoves(path, disk);
    const staging = join(path, stagingPrefix + randomUUID());
    try {
      await stage(staging, contents, disk);
      await disk.flushFolder(path);
      await disk.rename(staging, join(path, nextName));
    } catch (error) {
      await disk.remove(staging).catch(() => undefined);
      throw error;
    }
    await disk.flushFolder(path);
    await finishMoves(path, disk);
  } catch (error) {
    explainFailure(error, `cannot save the model to ${path}`);
  }
}

/**
 * Throws unless a model can be saved to the folder `path`; to be called before training. Makes the folder where it is missing. A
 * folder that holds other things than a polymind model is refused.
 */
export async function ensureWritable(path: string, disk: Disk = nodeDisk): Promise<void> {
  try {
    await prepare(path, disk);
    const probe = join(path, stagingPrefix + randomUUID());
    await disk.write(probe, []);
    await disk.remove(probe);
  } catch (error) {
    explainFailure(error, `cannot save a model to ${path}`);
  }
}

/** Makes the folder, or checks that it is ours and clears what saves that never became valid left in it. */
async function prepare(path: string, disk: Disk): Promise<void> {
  const names = await disk.list(path);
  if (names === undefined) return disk.makeFolder(path);
  const foreign = names.filter((name) => !name.startsWith(ownPrefix));
  // A manifest that cannot be read throws here, by name: what it belongs to is not ours to overwrite either.
  if (foreign.length > 0 && (await currentManifest(path, disk)) === undefined) {
    fail(
      `cannot save a model to ${path}: it holds files (${foreign[0]}, ...) but no polymind model; name another folder`,
    );
  }
  for (const name of names) if (name.startsWith(stagingPrefix)) await disk.remove(join(path, name));
}

/** Writes and flushes a complete set of files with its manifest. */
async function stage(staging: string, contents: ReadonlyMap<string, readonly Uint8Array[]>, disk: Disk): Promise<void> {
  await disk.makeFolder(staging);
  for (const [name, chunks] of contents) await disk.write(join(staging, name), chunks);
  await disk.write(join(staging, manifestName), [encodeManifest(contents)]);
  await disk.flushFolder(staging);
}

/** Moves the files of `.polymind-next` over the old ones; after a crash it goes on where the moves ended. */
async function finishMoves(path: string, disk: Disk): Promise<void> {
  const next = join(path, nextName);
  const current = await currentManifest(path, disk);
  if (current?.pending) {
    const names = (await disk.list(next)) ?? [];
    for (const name of names) if (name !== manifestName) await disk.rename(join(next, name), join(path, name));
    await removeOldFiles(path, current.manifest.files, disk);
    await disk.flushFolder(next);
    await disk.flushFolder(path);
    await disk.rename(join(next, manifestName), join(path, manifestName));
    await disk.flushFolder(path);
  }
  await disk.remove(next);
}

/** Removes what the old manifest lists and the new one does not. */
async function removeOldFiles(path: string, kept: object, disk: Disk): Promise<void> {
  const bytes = await disk.read(join(path, manifestName));
  if (bytes === undefined) return;
  const old = parseManifest(bytes, join(path, manifestName));
  for (const name of Object.keys(old.files)) if (!Object.hasOwn(kept, name)) await disk.remove(join(path, name));
}

function toChunks(content: Uint8Array | readonly Uint8Array[] | string): readonly Uint8Array[] {
  if (typeof content === "string") return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}
