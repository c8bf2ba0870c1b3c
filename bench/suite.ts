import { readdir } from "node:fs/promises";
import { type AcquiredDevice, type AdapterChoice, acquireDevice, describeDevice } from "../src/device/adapter.ts";
import { createEngine, type Engine } from "../src/engine.ts";
import { fail } from "../src/errors.ts";
import type { Patience } from "./harness.ts";
import { checkSizes, type DescribeKernels, type Sizes } from "./kernel-benchmark.ts";
import { type Direction, measureEmptyCall, measureKernel } from "./kernels.ts";
import { type Limits, measureLimits } from "./limits.ts";
import { currentLoad, describeCommit, describeMachine } from "./machine.ts";
import type { SharedAdapter } from "./peers/peer.ts";
import type { Report, Row } from "./report.ts";
import { compareRouting } from "./routing.ts";

export interface SuiteOptions {
  readonly only?: RegExp;
  readonly sizes: Sizes;
  readonly adapter: AdapterChoice;
  readonly patience: Patience;
}

/** Measures the adapter, then every kernel and comparison whose name matches `only`. */
export async function runSuite(options: SuiteOptions, log: (line: string) => void): Promise<Report> {
  const { sizes, adapter, patience } = options;
  const load = currentLoad();
  const acquired = await acquireDevice({ adapter });
  log(describeDevice(acquired.description));
  const measured = await measureLimits(acquired.device, acquired.description.kind === "software");
  const engine = await createEngine({ adapter });
  const limits = { ...measured, empty_call_ms: await measureEmptyCall(engine, patience) };
  const rows = await measureKernels(engine, options, limits, log);
  const missing: string[] = [];
  if (matches(options, "routing forward + gradients")) {
    log("routing, with other engines");
    const comparison = await compareRouting(engine, sharedAdapter(acquired), sizes, limits, patience);
    rows.push(...comparison.rows);
    missing.push(...comparison.missing);
  }
  if (matches(options, "training step")) {
    log("training step");
    const { measureTraining } = await import("./training.ts");
    rows.push(await measureTraining(engine, sizes, limits, patience));
  }
  if (rows.length === 0) fail(`nothing matches ${options.only}`);
  engine.dispose();
  acquired.release();
  return {
    machine: describeMachine(),
    load,
    adapter: acquired.description.name,
    date: new Date().toISOString(),
    commit: describeCommit(),
    limits,
    rows,
    missing,
  };
}

const matches = ({ only }: SuiteOptions, name: string) => only === undefined || only.test(name);

async function measureKernels(
  engine: Engine,
  options: SuiteOptions,
  limits: Limits,
  log: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const describe of await loadKernels()) {
    const small = describe(checkSizes);
    for (const [i, one] of describe(options.sizes).entries()) {
      const directions: readonly Direction[] = one.backward ? ["forward", "backward"] : ["forward"];
      for (const direction of directions) {
        if (!matches(options, `${one.name} ${direction}`)) continue;
        log(`${one.name} ${direction}, ${one.shape}`);
        const benchmark = { one, small: small[i] ?? one, direction };
        rows.push(await measureKernel(engine, benchmark, limits, options.patience));
      }
    }
  }
  return rows;
}

/** The benchmarks of `bench/ops`: each file is built to one beside this one. */
async function loadKernels(): Promise<DescribeKernels[]> {
  const folder = new URL("./ops/", import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".js")).sort();
  const modules = files.map((name) => import(new URL(name, folder).href) as Promise<{ default: DescribeKernels }>);
  return (await Promise.all(modules)).map((module) => module.default);
}

/** Hands the adapter of our own device to the peers, a fresh one at each request. */
function sharedAdapter({ description, keepAlive }: AcquiredDevice): SharedAdapter {
  const { gpu, adapter } = keepAlive as { readonly gpu: GPU; readonly adapter: GPUAdapter };
  return {
    async request() {
      for (const options of [{ powerPreference: "high-performance" }, { forceFallbackAdapter: true }] as const) {
        const fresh = await gpu.requestAdapter(options);
        if (fresh?.info.description === adapter.info.description) return fresh;
      }
      return fail(`${description.name} is not offered a second time, so that other engines cannot be measured on it`);
    },
  };
}
