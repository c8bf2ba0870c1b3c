import { readdir } from "node:fs/promises";
import { type AcquiredDevice, type AdapterChoice, acquireDevice, describeDevice } from "../src/device/adapter.ts";
import { createEngine, type Engine } from "../src/engine.ts";
import { fail } from "../src/errors.ts";
import type { Preset } from "../src/training/presets.ts";
import { type GridMode, sizesOf } from "./grid.ts";
import type { Patience } from "./harness.ts";
import { checkSizes, type DescribeKernels, type Sizes } from "./kernel-benchmark.ts";
import { type Direction, measureKernel, measureLaunch } from "./kernels.ts";
import { type AdapterLimits, measureLimits } from "./limits.ts";
import { currentLoad, describeCommit, describeMachine } from "./machine.ts";
import type { SharedAdapter } from "./peers/peer.ts";
import type { Report, Row } from "./report.ts";
import { compareRouting } from "./routing.ts";
import { measureService } from "./service.ts";
import { measureStart } from "./start.ts";

export interface SuiteOptions {
  readonly only?: RegExp;
  readonly sizes: Sizes;
  readonly grid: GridMode;
  readonly adapter: AdapterChoice;
  /** For each thing at the given sizes, for a kernel at the others of the grid, and for several training steps. */
  readonly patience: Patience;
  readonly gridPatience: Patience;
  readonly trainingPatience: Patience;
  /** Items of the catalogues that training steps are measured with; retrieval is with the largest. */
  readonly catalogues: readonly number[];
  /** How long the service is asked. */
  readonly serviceSeconds: number;
  /** Processes that are started, cold and warm. */
  readonly starts: number;
}

interface Findings {
  readonly rows: Row[];
  readonly missing: string[];
}

/** Measures the adapter, then every kernel and comparison whose name matches `only`. */
export async function runSuite(options: SuiteOptions, log: (line: string) => void): Promise<Report> {
  const { sizes, adapter, patience } = options;
  const load = currentLoad();
  const acquired = await acquireDevice({ adapter });
  log(describeDevice(acquired.description));
  const measured = await measureLimits(acquired.device, acquired.description.kind === "software");
  const engine = await createEngine({ adapter });
  const limits = { ...measured, ...(await measureLaunch(engine, patience)) };
  const found: Findings = { rows: [], missing: [] };
  await measureKernels(engine, options, limits, found, log);
  if (matches(options, "routing forward + gradients")) {
    log("routing, with other engines");
    const comparison = await compareRouting(engine, sharedAdapter(acquired), sizes, limits, patience);
    found.rows.push(...comparison.rows);
    found.missing.push(...comparison.missing);
  }
  if (matches(options, "retrieval")) {
    const items = Math.max(...options.catalogues);
    log(`retrieval, with other engines, ${items.toLocaleString("en-US")} items`);
    const { interests, dimension } = sizes;
    const { compareRetrieval } = await import("./retrieval.ts");
    const comparison = await compareRetrieval(engine, { users: 64, items, interests, dimension }, limits, patience);
    found.rows.push(...comparison.rows);
    found.missing.push(...comparison.missing);
  }
  if (matches(options, "training step")) {
    const { measureTraining } = await import("./training.ts");
    const [first] = options.catalogues;
    const steps = options.catalogues.map((items) => ({ items, preset: "paper" as Preset }));
    if (first !== undefined) steps.push({ items: first, preset: "recommended" });
    for (const { items, preset } of steps) {
      const what = `training step, ${preset} options, ${items.toLocaleString("en-US")} items`;
      log(what);
      await attempt(found, what, () =>
        measureTraining(engine, { ...sizes, items }, limits, options.trainingPatience, preset),
      );
    }
  }
  engine.dispose();
  acquired.release();
  if (matches(options, "start, cold and warm")) {
    log("start, cold and warm");
    found.rows.push(...(await measureStart(adapter, options.starts)));
  }
  if (matches(options, "service")) {
    log("service, in a process of its own");
    found.rows.push(await measureService(adapter, { seconds: options.serviceSeconds }, log));
  }
  if (found.rows.length === 0) fail(`nothing matches ${options.only}`);
  return {
    machine: describeMachine(),
    load,
    adapter: nameOf(acquired.device.adapterInfo),
    date: new Date().toISOString(),
    commit: describeCommit(),
    limits,
    ...found,
  };
}

/** Driver and device: the description of a GPU names its driver only. */
const nameOf = ({ description, device, vendor }: GPUAdapterInfo) =>
  [description || vendor, device].filter(Boolean).join(", ");

const matches = ({ only }: SuiteOptions, name: string) => only === undefined || only.test(name);

async function measureKernels(
  engine: Engine,
  options: SuiteOptions,
  limits: AdapterLimits,
  found: Findings,
  log: (line: string) => void,
): Promise<void> {
  const shapes = sizesOf(options.sizes, options.grid);
  for (const describe of await loadKernels()) {
    const small = describe(checkSizes);
    // Most kernels depend on some of the sizes only.
    const done = new Set<string>();
    for (const sizes of shapes) {
      const patience = sizes === options.sizes ? options.patience : options.gridPatience;
      for (const [i, one] of describe(sizes).entries()) {
        const directions: readonly Direction[] = one.backward ? ["forward", "backward"] : ["forward"];
        for (const direction of directions) {
          const what = `${one.name} ${direction}, ${one.shape}`;
          if (done.has(what) || !matches(options, `${one.name} ${direction}`)) continue;
          done.add(what);
          log(what);
          const kernel = { one, small: small[i]?.name === one.name ? small[i] : one, direction, sizes };
          await attempt(found, what, () => measureKernel(engine, kernel, limits, patience));
        }
      }
    }
  }
}

/** What is said where an adapter cannot hold a shape; anything else is an error. */
const tooLarge = /bytes in one binding|out of memory|workgroup (memory|storage)|exceeds the max/i;

async function attempt({ rows, missing }: Findings, what: string, measure: () => Promise<Row>): Promise<void> {
  try {
    rows.push(await measure());
  } catch (error) {
    const { message } = error as Error;
    if (!tooLarge.test(message)) throw error;
    missing.push(`${what}: not possible on this adapter: ${message}`);
  }
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
    software: description.kind === "software",
    async request() {
      for (const options of [{ powerPreference: "high-performance" }, { forceFallbackAdapter: true }] as const) {
        const fresh = await gpu.requestAdapter(options);
        if (fresh?.info.description === adapter.info.description) return fresh;
      }
      return fail(`${description.name} is not offered a second time, so that other engines cannot be measured on it`);
    },
  };
}
