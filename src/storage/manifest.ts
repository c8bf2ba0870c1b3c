import { createHash } from "node:crypto";
import { join } from "node:path";
import { fail } from "../errors.ts";
import type { Disk } from "./disk.ts";
import { isRecord, readJson } from "./json.ts";

/** The list of the files that make a model, by which a corrupt one is found. */
export interface Manifest {
  format: typeof format;
  version: typeof version;
  files: Record<string, Checksum>;
}

export interface Checksum {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
}

const format = "polymind-model";
const version = 1;
/** A hash takes less than 2^31 bytes at once. */
const hashAtOnce = 2 ** 28;

export const manifestName = "manifest.json";
/** Inside a model folder: a complete, valid set of files on its way into the folder. */
export const nextName = ".polymind-next";

/** Where the valid manifest of a model folder was found. */
export interface CurrentManifest {
  manifest: Manifest;
  /** Its bytes, which change whenever the model does. */
  bytes: Uint8Array;
  /** Whether it is that of `.polymind-next`: a file is then there, or already in the folder. */
  pending: boolean;
}

/** The manifest that says what the model in `path` is; undefined if the folder is none. */
export async function currentManifest(path: string, disk: Disk): Promise<CurrentManifest | undefined> {
  for (const pending of [true, false]) {
    const file = join(path, pending ? nextName : ".", manifestName);
    const bytes = await disk.read(file);
    if (bytes !== undefined) return { manifest: parseManifest(bytes, file), bytes, pending };
  }
  return undefined;
}

export function encodeManifest(files: ReadonlyMap<string, readonly Uint8Array[]>): Uint8Array {
  const checksums = Object.fromEntries([...files].map(([name, chunks]) => [name, checksum(chunks)]));
  const manifest: Manifest = { format, version, files: checksums };
  return new TextEncoder().encode(`${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Throws, naming the file, unless `bytes` are those the manifest lists. */
export function checkContent(bytes: Uint8Array | undefined, expected: Checksum, file: string): Uint8Array {
  const remedy = "the model is corrupt, restore a copy or train it again";
  if (bytes === undefined) return fail(`${file} is missing: ${remedy}`);
  if (bytes.byteLength !== expected.bytes) {
    const kind = bytes.byteLength < expected.bytes ? "truncated" : "changed";
    fail(`${file} is ${kind}: ${bytes.byteLength} bytes instead of ${expected.bytes}; ${remedy}`);
  }
  if (checksum([bytes]).sha256 !== expected.sha256) fail(`${file} is changed: its SHA-256 is another; ${remedy}`);
  return bytes;
}

/** A name that is a plain file in the folder and cannot be taken for one of ours. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name) && name !== manifestName;
}

export function parseManifest(bytes: Uint8Array, file: string): Manifest {
  const value = readJson(bytes, file);
  if (!isRecord(value) || value["format"] !== format) return fail(`${file}: not the manifest of a polymind model`);
  if (value["version"] !== version) {
    fail(`${file}: version ${JSON.stringify(value["version"])} of the model format; this polymind reads ${version}`);
  }
  const { files } = value;
  if (!isRecord(files)) return fail(`${file}: lists no files`);
  const checked = Object.entries(files).map(([name, entry]) => [name, parseChecksum(entry, name, file)] as const);
  return { format, version, files: Object.fromEntries(checked) };
}

function parseChecksum(entry: unknown, name: string, file: string): Checksum {
  if (!isPlainName(name)) return fail(`${file}: ${JSON.stringify(name)} is not a file name of a model`);
  const { bytes, sha256 } = isRecord(entry) ? entry : {};
  if (typeof bytes !== "number" || typeof sha256 !== "string") return fail(`${file}: ${name} has no size and sha256`);
  return { bytes, sha256 };
}

function checksum(chunks: readonly Uint8Array[]): Checksum {
  const hash = createHash("sha256");
  let bytes = 0;
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.byteLength; start += hashAtOnce) {
      hash.update(chunk.subarray(start, start + hashAtOnce));
    }
    bytes += chunk.byteLength;
  }
  return { bytes, sha256: hash.digest("hex") };
}
