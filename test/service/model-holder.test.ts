import { expect, test, vi } from "vitest";
import { acquireDevice } from "../../src/device/adapter.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { fail, PolymindError } from "../../src/errors.ts";
import type { LoadedModel } from "../../src/service/model-holder.ts";
import { smallModel, startService } from "./models.ts";

const first: LoadedModel = { model: await smallModel("maxmf", { interests: 2 }), fingerprint: "first" };
const second: LoadedModel = { model: await smallModel("maxmf", { interests: 2, seed: 9 }), fingerprint: "second" };
const asked = { history: ["i1", "i2", "i3"], top: 5 };

/** Loads these models one after the other. */
const inTurn = (...models: readonly (LoadedModel | Error)[]) => {
  const left = [...models];
  return async () => {
    const next = left.shift()!;
    if (next instanceof Error) throw next;
    return next;
  };
};

test("a reload swaps the model in while requests go on, and none fails", async () => {
  const { post, holder } = await startService(inTurn(first, second));
  let isOver = false;
  const answers: Awaited<ReturnType<typeof post>>[] = [];
  const client = async () => {
    while (!isOver) answers.push(await post("/recommend", asked));
  };
  const clients = [client(), client(), client()];
  await vi.waitFor(() => expect(answers.length).toBeGreaterThan(5));
  const reloaded = await post("/reload", {});
  expect(reloaded).toMatchObject({ status: 200, body: { model: { name: "maxmf", fingerprint: "second" } } });
  const swappedAt = answers.length;
  await vi.waitFor(() => expect(answers.length).toBeGreaterThan(swappedAt + 5));
  isOver = true;
  await Promise.all(clients);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const models = answers.map(({ body }) => body.model);
  expect(models).toEqual([...models].sort());
  expect(new Set(models)).toEqual(new Set(["first", "second"]));
  expect(answers.at(-1)!.body.items).not.toEqual(answers[0]!.body.items);
  expect(holder.current.fingerprint).toBe("second");
});

test("what usual requests need is compiled before the first of them", async () => {
  let compiled = 0;
  const startEngine = async (): Promise<Engine> => {
    const engine = await createEngine({ adapter: "cpu" });
    const compile: Engine["compile"] = (goal) => {
      compiled++;
      return engine.compile(goal);
    };
    return { ...engine, compile };
  };
  const { post } = await startService(inTurn(first), { startEngine });
  const before = compiled;
  const histories = [["i1"], ["i1", "i2", "i3"], Array<string>(250).fill("i4"), []];
  const bodies = histories.flatMap((history) => [
    { history },
    { history, allow: ["i1", "i7"], exclude: ["i2"], top: 50 },
  ]);
  for (const together of [bodies.slice(0, 1), bodies.slice(1, 2), bodies])
    await Promise.all(together.map((body) => post("/recommend", body)));
  expect(compiled).toBe(before);
  await post("/recommend", { history: ["i1"], top: 65 });
  expect(compiled).toBe(before + 1);
});

test("the old model is freed when its last request is answered, not before", async () => {
  const disposed: string[] = [];
  const startEngine = async (model: LoadedModel["model"]): Promise<Engine> => {
    const engine = await createEngine({ adapter: "cpu" });
    return { ...engine, dispose: () => disposed.push(model === first.model ? "first" : "second") };
  };
  const { holder } = await startService(inTurn(first, second), { startEngine });
  let finish = () => {};
  const work = holder.use(async ({ fingerprint }) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return fingerprint;
  });
  await holder.reload();
  expect(disposed).toEqual([]);
  finish();
  expect(await work).toBe("first");
  expect(disposed).toEqual(["first"]);
});

test("a folder that cannot be loaded leaves the old model serving, and the answer says why", async () => {
  const broken = new PolymindError("model/items.json is changed: its SHA-256 is another; restore a copy");
  const { post, metrics } = await startService(inTurn(first, broken, second));
  const before = await post("/recommend", asked);
  expect(await post("/reload", {})).toEqual({
    status: 500,
    body: { error: `${broken.message} (first serves on)` },
  });
  expect(await post("/recommend", asked)).toEqual(before);
  expect(await post("/reload", {})).toMatchObject({ status: 200 });
  expect(await metrics.text()).toContain('polymind_reloads_total{result="failed"} 1');
});

test("of two reloads at once the second is refused", async () => {
  const { holder } = await startService(inTurn(first, second));
  const [one, other] = await Promise.allSettled([holder.reload(), holder.reload()]);
  expect(one.status).toBe("fulfilled");
  expect(other).toMatchObject({ status: "rejected", reason: { status: 409 } });
});

test("when the device is lost a new engine is made, and the requests are answered all the same", async () => {
  const devices: GPUDevice[] = [];
  const startEngine = async () => {
    const { device } = await acquireDevice();
    devices.push(device);
    return createEngine({ device });
  };
  const { post, app } = await startService(inTurn(first), { startEngine });
  const before = await post("/recommend", asked);
  // Once between requests and once in the midst of some.
  devices[0]!.destroy();
  expect(await post("/recommend", asked)).toEqual(before);
  const several = Promise.all(Array.from({ length: 6 }, () => post("/recommend", asked)));
  await new Promise((resolve) => setTimeout(resolve, 3));
  devices[1]!.destroy();
  expect(await several).toEqual(new Array(6).fill(before));
  expect(await post("/recommend", asked)).toEqual(before);
  expect(devices).toHaveLength(3);
  const health = (await app.inject({ url: "/health" })).json();
  expect(health).toMatchObject({ status: "ready", device: { state: "ready", lost: 2 } });
  expect(health.device.reason).toMatch(/^the GPU device was lost \(destroyed\)/);
  for (const device of devices) device.destroy();
});

test("where no new engine can be made, requests are refused and health says so, until one can", async () => {
  const { device } = await acquireDevice();
  let make: () => Promise<Engine> = () => createEngine({ device });
  const { post, app } = await startService(inTurn(first), { startEngine: async () => make() });
  make = () => fail("no adapter found");
  device.destroy();
  for (let times = 0; times < 2; times++) {
    expect(await post("/recommend", asked)).toEqual({
      status: 503,
      body: { error: "the device was lost and a new engine could not be made: no adapter found" },
    });
    const health = await app.inject({ url: "/health" });
    expect(health.statusCode).toBe(503);
    expect(health.json()).toMatchObject({ device: { lost: 1 } });
    expect(["down", "recovering"]).toContain(health.json().status);
  }
  make = () => createEngine({ adapter: "cpu" });
  expect(await post("/recommend", asked)).toMatchObject({ status: 200 });
  expect((await app.inject({ url: "/health" })).json()).toMatchObject({ status: "ready", device: { lost: 1 } });
});

test("a device that is lost while nobody asks is replaced when health is looked at", async () => {
  const { device } = await acquireDevice();
  const engines = [() => createEngine({ device }), () => createEngine({ adapter: "cpu" })];
  const { post, app } = await startService(inTurn(first), { startEngine: async () => engines.shift()!() });
  const health = async () => (await app.inject({ url: "/health" })).json();
  expect(await health()).toMatchObject({ status: "ready", device: { lost: 0 } });
  device.destroy();
  await vi.waitFor(async () => expect(await health()).toMatchObject({ status: "recovering", device: { lost: 1 } }));
  await vi.waitFor(async () => expect(await health()).toMatchObject({ status: "ready", device: { lost: 1 } }));
  expect(await post("/recommend", asked)).toMatchObject({ status: 200 });
});

test("a request is tried once more and no oftener: where the new device is lost too, it is refused", async () => {
  const devices: GPUDevice[] = [];
  let readings = 0;
  let mostReadings = Number.POSITIVE_INFINITY;
  const startEngine = async (): Promise<Engine> => {
    const { device } = await acquireDevice();
    devices.push(device);
    readings = 0;
    const engine = await createEngine({ device });
    const compile: Engine["compile"] = async (goal) => {
      const program = await engine.compile(goal);
      const readAll: typeof program.readAll = (names) => {
        if (++readings > mostReadings) device.destroy();
        return program.readAll(names);
      };
      return { ...program, readAll };
    };
    return { ...engine, compile };
  };
  const { post } = await startService(inTurn(first), { startEngine });
  // Each device lasts for the warm-up alone.
  mostReadings = readings;
  expect(await post("/recommend", asked)).toEqual({
    status: 503,
    body: { error: "the device was lost again; try again in a moment" },
  });
  expect(devices).toHaveLength(2);
  mostReadings = Number.POSITIVE_INFINITY;
  expect(await post("/recommend", asked)).toMatchObject({ status: 200 });
  expect(devices).toHaveLength(3);
  for (const device of devices) device.destroy();
});
