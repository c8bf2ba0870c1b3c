// Node only. SwiftShader, a Vulkan driver that needs no GPU and no root, as the optional npm package carries it.
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { cacheFolder } from "../storage/cache-folder.ts";

/** The npm package that carries SwiftShader. */
export const swiftshaderPackage = "@sparticuz/chromium";

/** Where the unpacked files lie. */
export interface Swiftshader {
  /** The driver's manifest, for `VK_DRIVER_FILES`. */
  readonly driver: string;
  /** A Vulkan loader, for machines that have none. */
  readonly loader: string;
}

const names = ["vk_swiftshader_icd.json", "libvk_swiftshader.so", "libvulkan.so.1"] as const;

/**
 * Unpacks SwiftShader once per package version and returns its files, or the reason why there is none.
 * Safe against processes that start at the same time: each writes a folder of its own, and the first rename wins.
 *
 * @param folders cache folders to try, best first
 * @param archive the package's archive and version; found among the installed packages by default
 */
export function unpackSwiftshader(folders = cacheFolders(), archive = findArchive()): Swiftshader | string {
  if (typeof archive === "string") return archive;
  let reason = "no cache folder to unpack SwiftShader into";
  for (const folder of folders) {
    try {
      const target = join(privateFolder(folder), `swiftshader-${archive.version}`);
      if (!isComplete(target)) unpackInto(target, archive.file);
      return { driver: join(target, names[0]), loader: join(target, names[2]) };
    } catch (error) {
      reason = `SwiftShader could not be unpacked: ${(error as Error).message}`;
    }
  }
  return reason;
}

/** The archive in the installed package, or the reason why there is none. */
export function findArchive(): { file: string; version: string } | string {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `${swiftshaderPackage} has SwiftShader for Linux x64 only`;
  }
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(swiftshaderPackage);
  } catch {
    return `${swiftshaderPackage} is not installed`;
  }
  // The package exports neither its folder nor its package.json, so walk up from its entry.
  let root = dirname(entry);
  while (!existsSync(join(root, "bin", "swiftshader.tar.br"))) {
    if (root === dirname(root)) return `${swiftshaderPackage} holds no bin/swiftshader.tar.br`;
    root = dirname(root);
  }
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return { file: join(root, "bin", "swiftshader.tar.br"), version };
}

/** The user's cache folder, then a folder of this user's own among the temporary files. */
function cacheFolders(): string[] {
  const cache = cacheFolder();
  const temporary = join(tmpdir(), `polymind-${process.getuid?.() ?? "cache"}`);
  return cache === undefined ? [temporary] : [cache, temporary];
}

/** Makes the folder; refuses one that others could have filled, because libraries are loaded from it. */
function privateFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (process.getuid && (uid !== process.getuid() || (mode & 0o022) !== 0)) {
    throw new Error(`${folder} can be written by other users`);
  }
  return folder;
}

// Files are looked for one by one: cleaners of temporary folders remove files and leave the folder.
function isComplete(folder: string): boolean {
  return names.every((name) => existsSync(join(folder, name)));
}

function unpackInto(target: string, archive: string): void {
  const files = readTar(brotliDecompressSync(readFileSync(archive)));
  const own = `${target}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    mkdirSync(own);
    for (const name of names) {
      const content = files.get(name);
      if (!content) throw new Error(`${archive} holds no ${name}`);
      writeFileSync(join(own, name), content);
      chmodSync(join(own, name), 0o755);
    }
    if (existsSync(target) && !isComplete(target)) rmSync(target, { recursive: true, force: true });
    renameSync(own, target);
  } catch (error) {
    // Another process was first: its folder is as good as ours.
    if (!isComplete(target)) throw error;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** The plain files of a tar archive by name: 512-byte headers, each followed by its content padded to 512. */
export function readTar(tar: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const text = (from: number, length: number) => {
    const field = tar.subarray(from, from + length);
    const end = field.indexOf(0);
    return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("latin1");
  };
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    if (!(at + 512 + size <= tar.length)) throw new Error(`the archive is cut off or damaged at byte ${at}`);
    const type = text(at + 156, 1);
    if (type === "" || type === "0")
      files.set(text(at, 100).replace(/^\.\//, ""), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
