import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Disk, nodeDisk } from "../../src/storage/disk.ts";
import { writeFolder } from "../../src/storage/folder.ts";
import { openFolder, readFolder } from "../../src/storage/read-folder.ts";
import { newSet, oldSet, temporaryPaths } from "./model-folders.ts";

const paths = temporaryPaths();

describe("reading while another process saves", () => {
  /** A disk that saves `newSet` just before the read number `at`. */
  function disturbedDisk(at: number): Disk {
    let reads = 0;
    return {
      ...nodeDisk,
      async read(path) {
        if (reads++ === at) await writeFolder(paths.model, newSet);
        return nodeDisk.read(path);
      },
    };
  }

  test.each([0, 1, 2, 3, 4, 5])("gives one whole set (save before read %i)", async (at) => {
    await writeFolder(paths.model, oldSet);
    const files = await readFolder(paths.model, disturbedDisk(at));
    const config = new TextDecoder().decode(files.get("config.json"));
    expect([...files.keys()]).toEqual([...(config === "old" ? oldSet : newSet).keys()]);
  });

  test("an opened folder says that it was replaced", async () => {
    await writeFolder(paths.model, oldSet);
    const folder = await openFolder(paths.model);
    await writeFolder(paths.model, newSet);
    await expect(folder.read("config.json")).rejects.toThrow(
      `${paths.model} was saved anew while it was read; open it again`,
    );
  });
});

describe("a damaged model names its file", () => {
  // biome-ignore format: a case a line
  const cases: { name: string; damage: (file: string) => void; message: string }[] = [
    { name: "missing", damage: (file) => rmSync(file), message: "model.safetensors is missing: the model is corrupt" },
    { name: "truncated", damage: (file) => truncateSync(file, 5), message: "model.safetensors is truncated: 5 bytes instead of 11" },
    { name: "longer", damage: (file) => writeFileSync(file, "old weights and more"), message: "model.safetensors is changed: 20 bytes instead of 11" },
    { name: "one byte changed", damage: (file) => writeFileSync(file, "old weightz"), message: "model.safetensors is changed: its SHA-256 is another" },
    { name: "a folder in its place", damage: (file) => { rmSync(file); mkdirSync(file); }, message: "model.safetensors: it is a folder, not a file" },
  ];
  test.each(cases)("$name", async ({ damage, message }) => {
    await writeFolder(paths.model, oldSet);
    damage(join(paths.model, "model.safetensors"));
    await expect(readFolder(paths.model)).rejects.toThrow(message);
  });

  // biome-ignore format: a case a line
  const manifests: { name: string; text: string; message: string }[] = [
    { name: "no JSON", text: "{", message: "manifest.json: not JSON: " },
    { name: "of something else", text: '{"name": "app"}', message: "manifest.json: not the manifest of a polymind model" },
    { name: "of a later version", text: '{"format": "polymind-model", "version": 2}', message: "manifest.json: version 2 of the model format; this polymind reads 1" },
    { name: "without files", text: '{"format": "polymind-model", "version": 1}', message: "manifest.json: lists no files" },
    { name: "that leads out of the folder", text: '{"format": "polymind-model", "version": 1, "files": {"../x": {"bytes": 0, "sha256": ""}}}', message: 'manifest.json: "../x" is not a file name of a model' },
    { name: "without checksums", text: '{"format": "polymind-model", "version": 1, "files": {"x": {"bytes": 0}}}', message: "manifest.json: x has no size and sha256" },
  ];
  test.each(manifests)("a manifest $name", async ({ text, message }) => {
    await writeFolder(paths.model, oldSet);
    writeFileSync(join(paths.model, "manifest.json"), text);
    await expect(readFolder(paths.model)).rejects.toThrow(message);
    await expect(writeFolder(paths.model, newSet)).rejects.toThrow(message);
    expect(readFileSync(join(paths.model, "config.json"), "utf8")).toBe("old");
  });

  test("no folder, an empty one, a file", async () => {
    await expect(readFolder(paths.model)).rejects.toThrow(`no model in ${paths.model}: there is no such folder`);
    await expect(readFolder(paths.root)).rejects.toThrow(`no model in ${paths.root}: the folder has no manifest.json`);
    writeFileSync(join(paths.root, "file"), "");
    await expect(readFolder(join(paths.root, "file"))).rejects.toThrow(
      "it is a file, or lies below one, where a folder is needed",
    );
  });
});
