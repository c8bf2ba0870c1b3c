import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { FolderFiles } from "../../src/storage/folder.ts";
import { readFolder } from "../../src/storage/read-folder.ts";

/** Two models with two file names in common, and one of its own each. */
export const oldSet: FolderFiles = new Map([
  ["config.json", "old"],
  ["model.safetensors", "old weights"],
  ["gone.json", "only old"],
]);
export const newSet: FolderFiles = new Map([
  ["config.json", "new"],
  ["model.safetensors", "new weights, longer"],
  ["added.json", "only new"],
]);

/** For every test an empty folder, and in it a path for a model where nothing is yet. */
export function temporaryPaths(): { root: string; model: string } {
  const paths = { root: "", model: "" };
  beforeEach(() => {
    paths.root = mkdtempSync(join(tmpdir(), "polymind-folder-"));
    paths.model = join(paths.root, "above", "model");
  });
  afterEach(() => rmSync(paths.root, { recursive: true, force: true }));
  return paths;
}

/** The files of a model as text. */
export async function readTexts(path: string): Promise<Map<string, string>> {
  const files = await readFolder(path);
  return new Map([...files].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]));
}
