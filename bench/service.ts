import { spawn } from "node:child_process";
import { Agent, request } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { AdapterChoice } from "../src/device/adapter.ts";
import { fail } from "../src/errors.ts";
import { quantile } from "./numbers.ts";
import { partsOf, type Row, withoutFloor } from "./report.ts";

const child = fileURLToPath(new URL("./service-child.js", import.meta.url));

interface Server {
  readonly port: number;
  readonly users: readonly string[];
}

/**
 * Asks a service of its own process for recommendations at a fixed rate, from when it first listens, whether or not it keeps up: a
 * request that has to wait for its turn has begun when its turn was, so that a stall counts for all whom it holds up.
 */
export async function measureService(
  adapter: AdapterChoice,
  { seconds, rate = 100 }: { readonly seconds: number; readonly rate?: number },
  log: (line: string) => void,
): Promise<Row> {
  const server = spawn(process.execPath, [child, adapter], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = await Promise.race([
      onceLine(server.stdout),
      new Promise<never>((_, reject) => server.once("exit", (code) => reject(new Error(`the service ended: ${code}`)))),
    ]);
    const { port, users } = JSON.parse(line) as Server;
    const agent = new Agent({ keepAlive: true });
    const [{ times, errors }, memory] = await Promise.all([
      load({ port, users }, agent, rate, seconds),
      residentBytes(port, agent, seconds),
    ]);
    agent.destroy();
    const at = (share: number) => quantile(times, share);
    const shown = [0.5, 0.95, 0.99, 1].map((share) => `p${100 * share} ${at(share).toFixed(1)} ms`).join(", ");
    const megabytes = memory.map((bytes) => (bytes / 1e6).toFixed(0)).join(", ");
    log(`service: ${times.length} answers, ${errors} errors, ${shown}, memory ${megabytes} MB at each quarter`);
    if (errors > 0) fail(`service: ${errors} of ${times.length + errors} requests failed`);
    return withoutFloor({
      name: "service",
      engine: "polymind",
      shape: `${rate} requests/s, ${seconds} s, 3,706 items`,
      median_ms: at(0.5),
      spread: at(0.75) - at(0.25),
      clock: "host",
      samples_per_second: times.length / seconds,
      host: partsOf(
        new Map([
          ["p50", at(0.5)],
          ["p95", at(0.95)],
          ["p99", at(0.99)],
        ]),
        at(0.99),
      ),
    });
  } finally {
    server.kill("SIGTERM");
  }
}

function onceLine(input: NodeJS.ReadableStream): Promise<[string]> {
  return new Promise((resolve) => createInterface({ input }).once("line", (line) => resolve([line])));
}

/** Ascending times in ms of the requests that were answered. */
async function load(
  { port, users }: Server,
  agent: Agent,
  rate: number,
  seconds: number,
): Promise<{ readonly times: number[]; readonly errors: number }> {
  const times: number[] = [];
  let errors = 0;
  const start = performance.now();
  const asked = Array.from({ length: rate * seconds }, async (_, i) => {
    const due = start + (1000 * i) / rate;
    await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    const body = JSON.stringify({ user: users[(i * 7919) % users.length], top: 20 });
    const status = await ask(port, agent, body).catch(() => 0);
    if (status === 200) times.push(performance.now() - due);
    else errors++;
  });
  await Promise.all(asked);
  return { times: times.sort((a, b) => a - b), errors };
}

function ask(port: number, agent: Agent, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request({ port, agent, headers, host: "127.0.0.1", path: "/recommend", method: "POST" }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode ?? 0));
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

/** What the service holds in memory at the beginning and after each quarter of the time. */
async function residentBytes(port: number, agent: Agent, seconds: number): Promise<number[]> {
  const start = performance.now();
  const read: number[] = [];
  for (let quarter = 0; quarter <= 4; quarter++) {
    const due = start + 250 * quarter * seconds;
    await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    read.push(Number(/kind="rss"\} (\d+)/.exec(await metricsOf(port, agent))?.[1]));
  }
  return read;
}

function metricsOf(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    let read = "";
    const sent = request({ port, agent, host: "127.0.0.1", path: "/metrics" }, (answer) => {
      answer.on("data", (bytes) => {
        read += bytes;
      });
      answer.once("end", () => resolve(read));
    });
    sent.once("error", reject);
    sent.end();
  });
}
