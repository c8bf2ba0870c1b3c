import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { polymind, smallModel, temporaryFolder, writeLog } from "./command-line.ts";

async function trained(folder: string, seed: string): Promise<void> {
  const train = ["train", "--interactions", join(folder, "log.csv"), "--out", join(folder, "model"), ...smallModel];
  const { errors } = await polymind([...train, "--epochs", "1", "--seed", seed, "--adapter", "cpu"]);
  expect(errors).toEqual([]);
}

test("serve answers until it is told to end, and reads the folder anew on demand", async () => {
  const folder = await temporaryFolder();
  await writeLog(folder);
  await trained(folder, "1");
  const model = join(folder, "model");
  let address = "";
  let end = () => {};
  let hangUp = () => {};
  const lines: string[] = [];
  const serving = polymind(
    ["serve", "--model", model, "--port", "0", "--adapter", "cpu"],
    (line, interrupt, reload) => {
      lines.push(line);
      address = /^serving mind of .*, \d+ items, on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1] ?? address;
      [end, hangUp] = [interrupt, reload];
    },
  );
  await vi.waitFor(() => expect(address).not.toBe(""), { timeout: 30_000 });
  const health = async () => (await (await fetch(`${address}/health`)).json()) as { model: { fingerprint: string } };
  const recommend = async () => {
    const body = JSON.stringify({ history: ["no such item"], top: 3 });
    return fetch(`${address}/recommend`, { method: "POST", body, headers: { "content-type": "application/json" } });
  };
  const before = (await health()).model.fingerprint;
  expect(before).toMatch(/^[0-9a-f]{16}$/);
  await rm(model, { recursive: true });
  const failed = await fetch(`${address}/reload`, { method: "POST" });
  expect(failed.status).toBe(500);
  expect(((await failed.json()) as { error: string }).error).toMatch(
    /^no model in .*: there is no such folder \([0-9a-f]+ serves on\)$/,
  );
  expect((await recommend()).status).toBe(200);
  await trained(folder, "2");
  hangUp();
  await vi.waitFor(async () => expect((await health()).model.fingerprint).not.toBe(before), { timeout: 30_000 });
  end();
  expect(await serving).toMatchObject({ code: 0, errors: [] });
  expect(lines.at(-1)).toMatch(/^ending when the requests under way are answered/);
  await expect(health()).rejects.toThrow();
});

test("serve searches an index of its model, and refuses that of another", async () => {
  const folder = await temporaryFolder();
  await writeLog(folder);
  await trained(folder, "1");
  const [model, index] = [join(folder, "model"), join(folder, "index")];
  const built = await polymind(["index", "build", "--model", model, "--out", index, "--at", "10", "--adapter", "cpu"]);
  expect(built.errors).toEqual([]);
  const askServer = async (more: readonly string[]) => {
    let items: unknown;
    let isAsked = false;
    const serving = polymind(
      ["serve", "--model", model, "--port", "0", "--adapter", "cpu", ...more],
      (line, interrupt) => {
        const address = /on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1];
        if (!address || isAsked) return;
        isAsked = true;
        const body = JSON.stringify({ user: "user3", top: 5 });
        fetch(`${address}/recommend`, { method: "POST", body, headers: { "content-type": "application/json" } })
          .then((answer) => answer.json())
          .then((answer) => {
            items = (answer as { items: { item: string }[] }).items.map(({ item }) => item);
          })
          .finally(interrupt);
      },
    );
    return { ...(await serving), items };
  };
  const exact = await askServer([]);
  expect(exact.items).toHaveLength(5);
  expect((await askServer(["--index", index])).items).toEqual(exact.items);
  await rm(model, { recursive: true });
  await trained(folder, "2");
  expect((await askServer(["--index", index])).errors).toEqual([
    expect.stringMatching(/was built from .* of another model/),
  ]);
});

test("serve says what it needs", async () => {
  expect((await polymind(["serve"])).errors).toEqual(["error: no model to serve: name its folder with --model DIR"]);
  const { errors } = await polymind(["serve", "--model", "nowhere", "--batch-size", "65"]);
  expect(errors[0]).toMatch(/^error: --batch-size: .*64.*, got 65$/);
});
