import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { polymind } from "./cli/command-line.ts";

const readme = await readFile("README.md", "utf8");
const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);

describe("the examples of the README", () => {
  let folder: string;
  let files: readonly string[];
  beforeAll(async () => {
    // Inside the project, where modules are looked for.
    folder = await mkdtemp(join("test", ".readme-"));
    files = examples.map((_, index) => resolve(folder, `example-${index}.ts`));
    const entry = resolve("src/index.ts");
    await Promise.all(
      examples.map((code, index) => writeFile(files[index]!, code.replaceAll('"polymind"', JSON.stringify(entry)))),
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("compile", () => {
    const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
    // An example may end before it has used all that it made.
    const program = ts.createProgram(files, { ...options, noUnusedLocals: false });
    const found = files.flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)));
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))).toEqual([]);
    expect(files).toHaveLength(3);
  });

  test("route", async () => {
    await expect(import(files[0]!)).resolves.toBeDefined();
  });

  test("train a graph of one's own", async () => {
    const lines = vi.spyOn(console, "log").mockImplementation(() => {});
    onTestFinished(() => lines.mockRestore());
    await import(files[1]!);
    const [[line]] = lines.mock.calls as [[string]];
    const loss = Number(/^loss (.*)$/.exec(line)?.[1]);
    // Nothing can be learned from random ids: about log(1 + 200), which is 5.3.
    expect(loss).toBeGreaterThan(5);
    expect(loss).toBeLessThan(6);
  });
});

test("every flag that the README names is one of the command that it stands by, or of some command", async () => {
  const { out } = await polymind([]);
  const names = [...out.matchAll(/^ {2}([a-z-]+) (?:\[options\]|\[|<)/gm)].map(([, name]) => name!);
  expect(names).toEqual(expect.arrayContaining(["train", "serve", "planted"]));
  const flags = new Map<string, ReadonlySet<string>>();
  for (const name of [...names, "index build", "index push", "export vectors", "export onnx"]) {
    const help = (await polymind([...name.split(" "), "--help"])).out;
    flags.set(name, new Set(help.match(/--[a-z][a-z-]*/g)));
  }
  const all = new Set([...flags.values()].flatMap((set) => [...set]));
  const wrong: string[] = [];
  for (const [, command, rest] of readme
    .replaceAll("\\\n", " ")
    .matchAll(/npx polymind ((?:index |export )?[a-z-]+)([^\n#`]*)/g)) {
    const known = flags.get(command!);
    if (known === undefined) wrong.push(`polymind ${command}`);
    for (const flag of rest!.match(/--[a-z][a-z-]*/g) ?? []) if (!known?.has(flag)) wrong.push(`${command} ${flag}`);
  }
  // Those of npm and of the benchmark stand behind "npm".
  for (const flag of readme.replace(/npm [^\n`]*/g, "").match(/--[a-z][a-z-]*/g) ?? []) {
    if (!all.has(flag)) wrong.push(flag);
  }
  expect(wrong).toEqual([]);
});
