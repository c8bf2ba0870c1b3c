import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { loadTuning, saveTuning, tuningFile } from "../../src/device/tuning-file.ts";
import { createEngine } from "../../src/engine.ts";
import type { TunedChoice } from "../../src/graph/tuning.ts";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "polymind-tuning-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const choice = (changes: Partial<TunedChoice> = {}): TunedChoice => ({
  adapter: "vendor / GPU / driver 1",
  signature: "matmul {}: f32[2, 3] f32[3, 4] -> 0",
  kernels: "0123456789abcdef",
  family: "plain",
  ...changes,
});

test("choices come back as they were saved, and the folder is made", async () => {
  const file = join(await temporaryFolder(), "new", "folder", "tuning.json");
  const choices = [choice(), choice({ signature: "another" })];
  await saveTuning(choices, file);
  expect(await loadTuning(file)).toEqual(choices);
});

test("a choice replaces the older one for its op and adapter; those of other adapters stay", async () => {
  const file = join(await temporaryFolder(), "tuning.json");
  const foreign = choice({ adapter: "another" });
  await saveTuning([choice(), foreign], file);
  const newer = choice({ kernels: "fedcba9876543210", family: "workgroup" });
  await saveTuning([newer], file);
  expect(await loadTuning(file)).toEqual([newer, foreign]);
});

test("savings at the same time leave a whole file and nothing beside it", async () => {
  const folder = await temporaryFolder();
  const file = join(folder, "tuning.json");
  const all = Array.from({ length: 20 }, (_, i) => choice({ signature: `op ${i}` }));
  await Promise.all(all.map((one) => saveTuning([one], file)));
  const kept = await loadTuning(file);
  expect(kept.length).toBeGreaterThan(0);
  for (const one of kept) expect(all).toContainEqual(one);
  expect(await readdir(folder)).toEqual(["tuning.json"]);
});

const spoiled: readonly [string, string, string][] = [
  ["is cut off", '{ "format": "polymind-tuning", "ver', "not JSON: "],
  ["is empty", "", "not JSON: the file is empty"],
  ["belongs to something else", '{ "name": "package" }', "not what tuning writes: format: "],
  [
    "has another version",
    '{ "format": "polymind-tuning", "version": 2, "choices": [] }',
    "not what tuning writes: version: ",
  ],
  [
    "holds half a choice",
    '{ "format": "polymind-tuning", "version": 1, "choices": [{ "adapter": "a" }] }',
    "not what tuning writes: choices: 0: signature: ",
  ],
];

for (const [how, content, reason] of spoiled) {
  test(`a file that ${how} is named, and is not overwritten`, async () => {
    const file = join(await temporaryFolder(), "tuning.json");
    await writeFile(file, content);
    for (const attempt of [() => loadTuning(file), () => saveTuning([choice()], file)]) {
      const error = await attempt().then(
        () => "none",
        ({ message }: Error) => message,
      );
      expect(error.startsWith(`${file}: ${reason}`), error).toBe(true);
      expect(error).toMatch(/; name another file, or remove this one and tune again$/);
      expect(error).not.toContain("\n");
    }
    expect(await readFile(file, "utf8")).toBe(content);
  });
}

test("a file that is not there, or is a folder, is named", async () => {
  const folder = await temporaryFolder();
  const missing = join(folder, "none.json");
  await expect(createEngine({ tuning: missing })).rejects.toThrow(
    `${missing}: no such file; make it with npx polymind tune`,
  );
  await mkdir(join(folder, "folder"));
  await expect(loadTuning(join(folder, "folder"))).rejects.toThrow(/folder: it is a folder, not a file$/);
});

test("by default the file lies in the user's cache", () => {
  vi.stubEnv("XDG_CACHE_HOME", "/caches");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  expect(tuningFile()).toBe("/caches/polymind/tuning.json");
  vi.stubEnv("XDG_CACHE_HOME", "");
  vi.stubEnv("HOME", "/home/someone");
  expect(tuningFile()).toBe("/home/someone/.cache/polymind/tuning.json");
  vi.stubEnv("HOME", "");
  expect(tuningFile).toThrow("there is no folder for caches: set XDG_CACHE_HOME");
});
