import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";

const stems = (folder: string, ending: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => basename(name, ending));

const ops = stems("src/ops", ".ts");
const references = stems("src/reference", ".ts");
const shaders = stems("shaders", ".wgsl");
const tests = stems("test/ops", ".test.ts");
const benchmarks = stems("bench/ops", ".ts");

/** An op file that is part of another op, or composes others. */
const belongsTo = (stem: string) => ops.find((op) => op !== stem && stem.startsWith(`${op}-`));
const importsOf = (file: string) => [...readFileSync(file, "utf8").matchAll(/from "(.+)"/g)].map((match) => match[1]!);

test("every op has a test of the same stem", () => {
  expect(ops.filter((op) => !tests.includes(op) && !belongsTo(op))).toEqual([]);
});

test("every op that computes has a reference of the same stem", () => {
  const computing = ops.filter((op) => readFileSync(join("src/ops", `${op}.ts`), "utf8").includes("reference"));
  expect(computing.filter((op) => !references.includes(op) && !belongsTo(op))).toEqual([]);
});

test("every op that computes on the device has a benchmark of the same stem", () => {
  const onDevice = ops.filter((op) => {
    const text = readFileSync(join("src/ops", `${op}.ts`), "utf8");
    return text.includes("reference") && !text.includes("host: true");
  });
  expect(onDevice.filter((op) => !benchmarks.includes(op) && !belongsTo(op))).toEqual([]);
  expect(benchmarks.filter((benchmark) => !ops.includes(benchmark))).toEqual([]);
});

test("every shader is named after an op", () => {
  const named = ops.map((op) => op.replaceAll("-", "_"));
  expect(shaders.filter((shader) => !named.some((op) => shader === op || shader.startsWith(`${op}_`)))).toEqual([]);
});

test("every shader is used by an op", () => {
  const used = new Set(
    ops.flatMap((op) => importsOf(join("src/ops", `${op}.ts`))).map((path) => basename(path, ".wgsl")),
  );
  expect(shaders.filter((shader) => !used.has(shader))).toEqual([]);
});

const floors = [
  "reference",
  "storage",
  "data",
  "graph",
  "device",
  "ops",
  "evaluation",
  "models",
  "training",
  "retrieval",
  "export",
  "service",
  "report",
  "cli",
];

test("imports only go downwards between the floors of src", () => {
  const upward: string[] = [];
  for (const [floor, folder] of floors.entries()) {
    for (const file of readdirSync(join("src", folder), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts")) continue;
      for (const path of importsOf(join("src", folder, file))) {
        const target = /\.\.\/([a-z]+)\//.exec(path)?.[1];
        if (target && floors.indexOf(target) > floor) upward.push(`${folder}/${file} -> ${path}`);
      }
    }
  }
  expect(upward).toEqual([]);
});
