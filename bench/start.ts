import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { AdapterChoice } from "../src/device/adapter.ts";
import { quantile } from "./numbers.ts";
import { partsOf, type Row, withoutFloor } from "./report.ts";

/** Milliseconds of each phase from the start of a process to its first finished training step; making the data is left out. */
export type StartTimes = Readonly<
  Record<"start process" | "create engine" | "compile and fill parameters" | "first step", number>
>;

const child = fileURLToPath(new URL("./start-child.js", import.meta.url));
const run = promisify(execFile);

/** How long a new process needs to its first training step: cold with an empty shader cache, warm with the one that the last cold one filled. */
export async function measureStart(adapter: AdapterChoice, processes: number): Promise<Row[]> {
  const cold: StartTimes[] = [];
  const warm: StartTimes[] = [];
  for (let i = 0; i < processes; i++) {
    const cache = await mkdtemp(join(tmpdir(), "polymind-shaders-"));
    try {
      cold.push(await startOnce(adapter, cache));
      warm.push(await startOnce(adapter, cache));
    } finally {
      await rm(cache, { recursive: true, force: true });
    }
  }
  return [rowOf("start, cold", cold), rowOf("start, warm", warm)];
}

async function startOnce(adapter: AdapterChoice, cache: string): Promise<StartTimes> {
  // Mesa's cache and NVIDIA's; SwiftShader keeps none.
  const env = { ...process.env, MESA_SHADER_CACHE_DIR: cache, __GL_SHADER_DISK_CACHE_PATH: cache };
  const { stdout } = await run(process.execPath, [child, adapter], { env });
  return JSON.parse(stdout) as StartTimes;
}

function rowOf(name: string, starts: readonly StartTimes[]): Row {
  const phases = Object.keys(starts[0]!) as (keyof StartTimes)[];
  const at = (share: number, of: (start: StartTimes) => number) =>
    quantile(
      starts.map(of).sort((a, b) => a - b),
      share,
    );
  const total = (start: StartTimes) => phases.reduce((sum, phase) => sum + start[phase], 0);
  return withoutFloor({
    name,
    engine: "polymind",
    shape: "defaults, 3,706 items",
    median_ms: at(0.5, total),
    spread: at(0.75, total) - at(0.25, total),
    clock: "host",
    host: partsOf(new Map(phases.map((phase) => [phase, at(0.5, (start) => start[phase])]))),
  });
}
