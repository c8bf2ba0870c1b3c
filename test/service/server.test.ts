import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { UnreachableError } from "../../src/retrieval/attempts.ts";
import type { ItemIndex } from "../../src/retrieval/item-index.ts";
import { loadPackages } from "../../src/service/packages.ts";
import { requestLimits } from "../../src/service/schemas.ts";
import { smallModel, startService } from "./models.ts";

const model = await smallModel("most-popular");
const asked = { history: ["i1"], top: 2 };

/** Sends raw bytes and gives what comes back until the other end closes. */
async function exchange(port: number, head: string, body: Iterable<Buffer> = []): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes;
  });
  // Who refuses a body closes on the sender.
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(head);
  for (const chunk of body) {
    if (socket.destroyed || answer !== "") break;
    if (!socket.write(chunk)) await Promise.race([once(socket, "drain").catch(() => undefined), closed]);
  }
  await closed;
  return answer;
}

async function listen({ app }: Pick<Awaited<ReturnType<typeof startService>>, "app">): Promise<number> {
  await app.listen({ port: 0, host: "127.0.0.1" });
  return (app.server.address() as AddressInfo).port;
}

const head = (lines: string) =>
  `POST /recommend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines}\r\n\r\n`;

describe("bodies", () => {
  test("one of 100 MB is refused, whether it says its length or not, and the service goes on", async () => {
    const service = await startService(model);
    const port = await listen(service);
    const megabyte = Buffer.alloc(2 ** 20, "x");
    const many = (chunk: Buffer) => new Array<Buffer>(100).fill(chunk);
    const said = await exchange(port, head(`Content-Length: ${100 * 2 ** 20}\r\nConnection: close`), many(megabyte));
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
    expect(said).toContain("expected a body of at most 1048576 bytes; send the latest behaviours only");
    const chunked = Buffer.concat([Buffer.from("100000\r\n"), megabyte, Buffer.from("\r\n")]);
    const unsaid = await exchange(port, head("Transfer-Encoding: chunked\r\nConnection: close"), many(chunked));
    expect(unsaid).toMatch(/^HTTP\/1\.1 413 /);
    expect(await service.post("/recommend", asked)).toMatchObject({ status: 200 });
  });

  test("a history of a million ids is refused even where such a body is let in", async () => {
    const { post } = await startService(model, { server: { bodyLimit: 2 ** 24 } });
    const answer = await post("/recommend", { history: new Array(1_000_000).fill("i1") });
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.body.error).toBe("history: expected at most 10000 behaviours, got 1000000");
  });

  test("and answered where such a history is let in, too: by its newest behaviours, with none of its items", async () => {
    const limits = { ...requestLimits, history: 1_000_000 };
    const { post } = await startService(await smallModel("maxmf"), { server: { bodyLimit: 2 ** 24, limits } });
    const newest = ["i9", "i3", "i5"];
    const history = [...new Array<string>(999_996).fill("i1"), "no such item", ...newest];
    const { status, body } = await post("/recommend", { history, top: 100 });
    expect(status).toBe(200);
    expect(body.unknown).toEqual({ history: 1 });
    expect(body.items.length).toBeGreaterThan(20);
    expect(body.items.filter(({ item }) => ["i1", ...newest].includes(item))).toEqual([]);
  });

  test.each([
    ["no JSON", "{", "application/json", 400, /JSON/],
    [
      "another type",
      "history=1",
      "application/x-www-form-urlencoded",
      415,
      /expected a body of content type application\/json/,
    ],
    ["nothing", "", undefined, 400, /^body: expected object, received/],
  ])("%s is refused", async (_, payload, type, status, message) => {
    const { app } = await startService(model);
    const headers = type === undefined ? {} : { "content-type": type };
    const answer = await app.inject({ method: "POST", url: "/recommend", payload, headers });
    expect(answer.statusCode).toBe(status);
    expect(answer.json().error).toMatch(message);
  });
});

test("with a token, only health and the API's description are open", async () => {
  const { app, post } = await startService(model, { server: { token: "sesame" } });
  const statusOf = async (url: string) => (await app.inject({ url })).statusCode;
  expect([await statusOf("/health"), await statusOf("/docs/json"), await statusOf("/docs/")]).toEqual([200, 200, 200]);
  expect([await statusOf("/metrics"), await statusOf("/docsx"), await statusOf("/health/x")]).toEqual([401, 401, 401]);
  expect(await post("/recommend", asked)).toMatchObject({
    status: 401,
    body: { error: "expected the header Authorization: Bearer TOKEN" },
  });
  expect(await post("/reload", {}, { authorization: "Bearer sesam" })).toMatchObject({ status: 401 });
  expect(await post("/recommend", asked, { authorization: "Bearer sesame" })).toMatchObject({ status: 200 });
});

test("health, metrics and the API's description say what there is", async () => {
  const { app, post } = await startService(model);
  await post("/recommend", asked);
  await post("/recommend", {});
  const health = await app.inject({ url: "/health" });
  expect(health.json()).toMatchObject({
    status: "ready",
    model: { name: "most-popular", fingerprint: "first", items: model.log.itemCount },
    device: { adapter: { kind: "cpu" }, state: "ready", lost: 0 },
    waiting: 0,
  });
  const { payload, headers } = await app.inject({ url: "/metrics" });
  expect(headers["content-type"]).toMatch(/^text\/plain/);
  for (const line of [
    'polymind_requests_total{route="/recommend",method="POST",status="200"} 1',
    'polymind_requests_total{route="/recommend",method="POST",status="400"} 1',
    'polymind_request_seconds_count{route="/recommend"} 2',
    "polymind_batch_size_count 1",
    "polymind_queue_depth 0",
    "polymind_device_ready 1",
  ])
    expect(payload.split("\n")).toContain(line);
  expect(payload).toMatch(/^polymind_memory_bytes\{kind="rss"\} \d{7,}$/m);
  const api = (await app.inject({ url: "/docs/json" })).json();
  expect(Object.keys(api.paths)).toEqual(expect.arrayContaining(["/recommend", "/similar-items", "/reload"]));
  const { properties } = api.paths["/recommend"].post.requestBody.content["application/json"].schema;
  expect(properties.top).toMatchObject({ default: 20, maximum: 1000 });
  expect((await app.inject({ url: "/nowhere?x" })).json()).toEqual({ error: "no route GET /nowhere; see /docs" });
});

describe("with a model that takes its time", async () => {
  /** A service on a model whose answers wait for `release`. */
  async function held(options: Parameters<typeof startService>[1] = {}) {
    const service = await startService(model, { batchSize: 1, batchWait: 0, ...options });
    const { batcher } = service.holder.current;
    const waiting: (() => void)[] = [];
    const ask = vi.spyOn(batcher, "ask").mockImplementation(
      (_, signal) =>
        new Promise((resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
          waiting.push(() => resolve({ items: [], activeInterests: 0 }));
        }),
    );
    return { ...service, ask, release: () => waiting.shift()!() };
  }
  const body = JSON.stringify(asked);
  const whole = head(`Content-Length: ${body.length}`) + body;

  test("a client that goes away is counted as such and disturbs nobody", async () => {
    const service = await held();
    const port = await listen(service);
    const socket = connect(port, "127.0.0.1");
    socket.write(whole);
    await vi.waitFor(() => expect(service.ask).toHaveBeenCalled());
    const [, signal] = service.ask.mock.calls[0]!;
    socket.destroy();
    await vi.waitFor(() => expect(signal!.aborted).toBe(true));
    await vi.waitFor(async () => expect(await service.metrics.text()).toContain('status="499"} 1'));
    service.ask.mockRestore();
    expect(await service.post("/recommend", asked)).toMatchObject({ status: 200 });
  });

  test("closing lets what has begun be answered, and takes nothing new", async () => {
    const service = await held();
    const port = await listen(service);
    const answer = exchange(port, whole);
    await vi.waitFor(() => expect(service.ask).toHaveBeenCalled());
    const closed = service.app.close();
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
    service.release();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
    await closed;
  });
});

test("where too many wait, the next is told to come again", async () => {
  const { post } = await startService(model, { batchSize: 8, batchWait: 200, queue: 3 });
  const answers = await Promise.all(Array.from({ length: 12 }, () => post("/recommend", asked)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(9);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
  for (const { body } of refused) expect(body.error).toMatch(/requests wait already; try again in a moment$/);
});

test("without its packages the service says what to install", async () => {
  vi.doMock("prom-client", () => {
    throw new Error("no such package");
  });
  await expect(loadPackages()).rejects.toThrow(
    /not installed: npm install fastify @fastify\/swagger @fastify\/swagger-ui prom-client$/,
  );
  vi.doUnmock("prom-client");
});

test("when the database of the index is gone, requests get 503 until it is back, and the log says why", async () => {
  let isGone = false;
  const errors: string[] = [];
  const mind = await smallModel();
  const index: ItemIndex = {
    itemCount: mind.log.itemCount,
    dimension: 8,
    async search(queries) {
      if (isGone) throw new UnreachableError("postgres://me@db/shop: read ECONNRESET; tried 3 times.");
      return queries.map(() => [{ item: 2, score: 1, interest: 0 }]);
    },
    dispose() {},
  };
  const { post } = await startService(mind, {
    recommender: { index },
    server: { onError: ({ message }) => errors.push(message) },
  });
  expect(await post("/recommend", asked)).toMatchObject({ status: 200 });
  isGone = true;
  const answer = await post("/recommend", asked);
  expect(answer).toMatchObject({ status: 503 });
  expect(answer.body.error).toBe("the database of the index does not answer; try again");
  expect(errors).toEqual([expect.stringContaining("read ECONNRESET")]);
  isGone = false;
  expect(await post("/recommend", asked)).toMatchObject({ status: 200 });
});
