import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Disk, nodeDisk } from "../../src/storage/disk.ts";
import { ensureWritable, type FolderFiles, writeFolder } from "../../src/storage/folder.ts";
import { openFolder, readFolder } from "../../src/storage/read-folder.ts";
import { newSet, oldSet, readTexts, temporaryPaths } from "./model-folders.ts";

const paths = temporaryPaths();

describe("a model folder", () => {
  test("gives back what was written: text, bytes and chunks", async () => {
    await writeFolder(
      paths.model,
      new Map<string, string | Uint8Array | Uint8Array[]>([
        ["a.json", "{}"],
        ["b", Uint8Array.of(1, 2)],
        ["c", [Uint8Array.of(3), Uint8Array.of(), Uint8Array.of(4, 5)]],
      ]),
    );
    const files = await readFolder(paths.model);
    expect([...files].map(([name, bytes]) => [name, [...bytes]])).toEqual([
      ["a.json", [123, 125]],
      ["b", [1, 2]],
      ["c", [3, 4, 5]],
    ]);
    expect(readdirSync(paths.model).sort()).toEqual(["a.json", "b", "c", "manifest.json"]);
  });

  test("holds only the last set, and what is not ours", async () => {
    await writeFolder(paths.model, oldSet);
    writeFileSync(join(paths.model, "notes.txt"), "mine");
    await writeFolder(paths.model, newSet);
    expect(await readTexts(paths.model)).toEqual(newSet);
    expect(readdirSync(paths.model).sort()).toEqual([...newSet.keys(), "manifest.json", "notes.txt"].sort());
  });

  test("is read file by file", async () => {
    await writeFolder(paths.model, oldSet);
    writeFileSync(join(paths.model, "gone.json"), "damaged");
    const folder = await openFolder(paths.model);
    expect(folder.names).toEqual([...oldSet.keys()]);
    expect(new TextDecoder().decode(await folder.read("config.json"))).toBe("old");
    await expect(folder.read("gone.json")).rejects.toThrow("gone.json is truncated: 7 bytes instead of 8");
    await expect(folder.read("toString")).rejects.toThrow("is not a file of this model; it has config.json, ");
  });

  test.each(["", "..", ".hidden", "a/b", "manifest.json", "a b"])("refuses the file name %j", async (name) => {
    await expect(writeFolder(paths.model, new Map([[name, ""]]))).rejects.toThrow("cannot be the name of a file");
    expect(existsSync(paths.model)).toBe(false);
  });
});

describe("a crash while saving", () => {
  const crash = new Error("crash");

  /** A disk that dies at operation number `at` (from 0), after half of it if that can be, and stays dead. */
  function dyingDisk(at: number): Disk & { log: string[] } {
    const log: string[] = [];
    const step = async (name: string, half?: () => Promise<void>) => {
      if (log.length > at) throw crash;
      log.push(name);
      if (log.length <= at) return;
      await half?.();
      throw crash;
    };
    return {
      log,
      list: nodeDisk.list,
      read: nodeDisk.read,
      makeFolder: (path) => step("makeFolder").then(() => nodeDisk.makeFolder(path)),
      write: (path, chunks) =>
        step(`write ${basename(path)}`, () =>
          nodeDisk.write(path, [chunks[0]!.subarray(0, chunks[0]!.length >> 1)]),
        ).then(() => nodeDisk.write(path, chunks)),
      flushFolder: (path) => step(`flush ${basename(path)}`).then(() => nodeDisk.flushFolder(path)),
      rename: (from, to) => step(`rename ${basename(to)}`).then(() => nodeDisk.rename(from, to)),
      remove: (path) =>
        step(`remove ${basename(path)}`, async () => {
          const [first] = (await nodeDisk.list(path).catch(() => undefined)) ?? [];
          if (first !== undefined) await nodeDisk.remove(join(path, first));
        }).then(() => nodeDisk.remove(path)),
    };
  }

  async function saveUntil(at: number, files: FolderFiles): Promise<{ log: string[]; finished: boolean }> {
    const disk = dyingDisk(at);
    const finished = await writeFolder(paths.model, files, disk).then(
      () => true,
      () => false,
    );
    return { log: disk.log, finished };
  }

  test("at any operation leaves the old set or the new one, and the next save works", async () => {
    const seen: string[] = [];
    for (let at = 0; ; at++) {
      rmSync(paths.model, { recursive: true, force: true });
      await writeFolder(paths.model, oldSet);
      const { finished } = await saveUntil(at, newSet);
      const found = await readTexts(paths.model);
      seen.push(found.get("config.json")!);
      expect(found, `crash at operation ${at}`).toEqual(seen.at(-1) === "old" ? oldSet : newSet);

      // A second crash, in the repair, must not hurt either.
      for (const again of [0, 1, 2, 3, 4, 5]) {
        await saveUntil(again, oldSet);
        expect(await readTexts(paths.model), `crash at ${at}, then at ${again}`).toEqual(
          seen.at(-1) === "old" ? oldSet : newSet,
        );
      }
      await ensureWritable(paths.model);
      await writeFolder(paths.model, newSet);
      expect(await readTexts(paths.model)).toEqual(newSet);
      expect(readdirSync(paths.model).sort()).toEqual([...newSet.keys(), "manifest.json"].sort());
      if (finished) break;
    }
    expect(seen.length).toBeGreaterThan(15);
    expect(seen.lastIndexOf("old")).toBe(seen.indexOf("new") - 1);
  });

  test("in the first save leaves no model or the whole one, and the folder can be used again", async () => {
    for (let at = 0, finished = false; !finished; at++) {
      rmSync(paths.model, { recursive: true, force: true });
      finished = (await saveUntil(at, newSet)).finished;
      const found = await readTexts(paths.model).catch((error: Error) => error.message);
      if (typeof found === "string") expect(found).toContain(`no model in ${paths.model}`);
      else expect(found).toEqual(newSet);
      await ensureWritable(paths.model);
      await writeFolder(paths.model, oldSet);
      expect(await readTexts(paths.model)).toEqual(oldSet);
    }
  });

  test("all is flushed before the renames that make it count", async () => {
    await writeFolder(paths.model, oldSet);
    const { log } = await saveUntil(Number.POSITIVE_INFINITY, newSet);
    const staging = log.find((entry) => entry.startsWith("flush .polymind-saving-"))!;
    expect(log.filter((entry) => !entry.startsWith("makeFolder"))).toEqual([
      "remove .polymind-next",
      ...[...newSet.keys(), "manifest.json"].map((name) => `write ${name}`),
      staging,
      "flush model",
      "rename .polymind-next",
      "flush model",
      ...log.filter((entry) => entry.startsWith("rename ") && newSet.has(entry.slice(7))),
      "remove gone.json",
      "flush .polymind-next",
      "flush model",
      "rename manifest.json",
      "flush model",
      "remove .polymind-next",
    ]);
  });

  test("a full disk is told in one line, leaves the old set and no rest", async () => {
    await writeFolder(paths.model, oldSet);
    const full: Disk = {
      ...nodeDisk,
      write: (path, chunks) =>
        path.endsWith("model.safetensors")
          ? Promise.reject(Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" }))
          : nodeDisk.write(path, chunks),
    };
    await expect(writeFolder(paths.model, newSet, full)).rejects.toThrow(
      `cannot save the model to ${paths.model}: the disk is full`,
    );
    expect(await readTexts(paths.model)).toEqual(oldSet);
    expect(readdirSync(paths.model).sort()).toEqual([...oldSet.keys(), "manifest.json"].sort());
  });
});

describe("a place that cannot take a model is found before training", () => {
  test("a new, an empty and a model folder are fine and stay as they are", async () => {
    await ensureWritable(paths.model);
    await ensureWritable(paths.model);
    expect(readdirSync(paths.model)).toEqual([]);
    await writeFolder(paths.model, oldSet);
    await ensureWritable(paths.model);
    expect(await readTexts(paths.model)).toEqual(oldSet);
  });

  test("a folder with other things is refused and left alone", async () => {
    writeFileSync(join(paths.root, "thesis.tex"), "ten years");
    const message = `cannot save a model to ${paths.root}: it holds files (thesis.tex, ...) but no polymind model; name another folder`;
    await expect(ensureWritable(paths.root)).rejects.toThrow(message);
    await expect(writeFolder(paths.root, newSet)).rejects.toThrow(message);
    expect(readdirSync(paths.root)).toEqual(["thesis.tex"]);
  });

  test("a file, and a place below a file", async () => {
    const file = join(paths.root, "file");
    writeFileSync(file, "");
    for (const path of [file, join(file, "model")]) {
      await expect(ensureWritable(path)).rejects.toThrow(
        `cannot save a model to ${path}: it is a file, or lies below one`,
      );
    }
  });

  test("a link to nowhere", async () => {
    symlinkSync(join(paths.root, "nowhere"), join(paths.root, "link"));
    await expect(ensureWritable(join(paths.root, "link"))).rejects.toThrow(
      `cannot save a model to ${join(paths.root, "link")}: `,
    );
  });

  test.each([
    { code: "EACCES", reason: "permission denied" },
    { code: "EROFS", reason: "the file system is read-only" },
  ])("$code", async ({ code, reason }) => {
    const disk: Disk = { ...nodeDisk, write: () => Promise.reject(Object.assign(new Error(code), { code })) };
    await expect(ensureWritable(paths.model, disk)).rejects.toThrow(`cannot save a model to ${paths.model}: ${reason}`);
  });
});
