import { createHash } from "node:crypto";
import { join } from "node:path";
import { fail } from "../errors.ts";
import { type Disk, explainFailure, nodeDisk } from "./disk.ts";
import { type CurrentManifest, checkContent, currentManifest, nextName } from "./manifest.ts";

/** An opened model folder; its files are read one by one, each checked by size and SHA-256. */
export interface ModelFolder {
  path: string;
  names: readonly string[];
  /** The bytes of a file; fails, naming it, if it is not listed, missing, truncated or changed. */
  read(name: string): Promise<Uint8Array>;
}

const attempts = 3;

/** Opens a model for reading single files; nothing in the folder is changed. */
export async function openFolder(path: string, disk: Disk = nodeDisk): Promise<ModelFolder> {
  const current = await findManifest(path, disk);
  const read = async (name: string) => {
    try {
      return await readChecked(path, name, current, disk);
    } catch (error) {
      if (await wasReplaced(path, current, disk))
        fail(`${path} was saved anew while it was read; open it again`, error);
      throw error;
    }
  };
  return { path, names: Object.keys(current.manifest.files), read };
}

/** Changes whenever the model in a folder does: 16 hexadecimal digits, made of the checksums of its files. */
export async function modelFingerprint(path: string, disk: Disk = nodeDisk): Promise<string> {
  const { bytes } = await findManifest(path, disk);
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

/** All files of a model by name, all of one save, even while another process saves a new one. */
export async function readFolder(path: string, disk: Disk = nodeDisk): Promise<Map<string, Uint8Array>> {
  for (let attempt = 1; ; attempt++) {
    const current = await findManifest(path, disk);
    try {
      const files = new Map<string, Uint8Array>();
      for (const name of Object.keys(current.manifest.files)) {
        files.set(name, await readChecked(path, name, current, disk));
      }
      return files;
    } catch (error) {
      if (attempt === attempts || !(await wasReplaced(path, current, disk))) throw error;
    }
  }
}

async function findManifest(path: string, disk: Disk): Promise<CurrentManifest> {
  try {
    if ((await disk.list(path)) === undefined) return fail(`no model in ${path}: there is no such folder`);
    const current = await currentManifest(path, disk);
    return current ?? fail(`no model in ${path}: the folder has no manifest.json`);
  } catch (error) {
    return explainFailure(error, `cannot read a model from ${path}`);
  }
}

async function readChecked(path: string, name: string, current: CurrentManifest, disk: Disk): Promise<Uint8Array> {
  const { files } = current.manifest;
  const file = join(path, name);
  if (!Object.hasOwn(files, name))
    return fail(`${file} is not a file of this model; it has ${Object.keys(files).join(", ")}`);
  try {
    const pending = current.pending ? await disk.read(join(path, nextName, name)) : undefined;
    return checkContent(pending ?? (await disk.read(file)), files[name]!, file);
  } catch (error) {
    return explainFailure(error, `cannot read ${file}`);
  }
}

async function wasReplaced(path: string, before: CurrentManifest, disk: Disk): Promise<boolean> {
  const now = await currentManifest(path, disk);
  return now !== undefined && Buffer.compare(now.bytes, before.bytes) !== 0;
}
