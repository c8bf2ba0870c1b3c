import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AdapterChoice, acquireDevice, describeDevice } from "../../src/device/adapter.ts";
import type { FindAdapter } from "../../src/device/adapter-dawn.ts";
import { findArchive, readTar, unpackSwiftshader } from "../../src/device/swiftshader.ts";

/** Squares 0..63 on the device; needs nothing around it, so that its text also runs in a child process. */
async function squares(device: GPUDevice): Promise<number[]> {
  const [mapRead, copySource, copyTarget, storage] = [0x1, 0x4, 0x8, 0x80] as const;
  const code = `
    @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { out[id.x] = id.x * id.x; }`;
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
  const out = device.createBuffer({ size: 256, usage: storage | copySource });
  const staging = device.createBuffer({ size: 256, usage: mapRead | copyTarget });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [{ binding: 0, resource: { buffer: out } }];
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(out, 0, staging, 0, 256);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(mapRead);
  return [...new Uint32Array(staging.getMappedRange())];
}

const expected = Array.from({ length: 64 }, (_, i) => i * i);

/** A lookup that offers, per source, an adapter of this description or the reason why there is none. */
function offering(offers: Record<"system" | "embedded", { description: string; fallback?: boolean } | string>) {
  const find: FindAdapter = async (source) => {
    const offer = offers[source];
    if (typeof offer === "string") return offer;
    const info = { description: offer.description, isFallbackAdapter: offer.fallback ?? false };
    const device = { features: new Set(), destroy() {} };
    const adapter = { info, features: new Set(), limits: {}, requestDevice: async () => device };
    return { gpu: {} as GPU, adapter: adapter as unknown as GPUAdapter };
  };
  return find;
}

describe("the device of this machine", () => {
  test("computes, and says what it is in one line", async () => {
    const { device, description, release } = await acquireDevice();
    expect(await squares(device)).toEqual(expected);
    expect(describeDevice(description)).toMatch(/^adapter: [^\n]+ \((hardware|software|software, embedded)\)[^\n]*$/);
    release();
    await expect(device.lost).resolves.toMatchObject({ reason: "destroyed" });
  });

  test("has the adapter's limits, not WebGPU's small defaults", async () => {
    const { device, keepAlive, release } = await acquireDevice();
    const { adapter } = keepAlive as { adapter: GPUAdapter };
    expect(device.limits.maxBufferSize).toBe(adapter.limits.maxBufferSize);
    expect(device.limits.maxStorageBufferBindingSize).toBe(adapter.limits.maxStorageBufferBindingSize);
    expect(device.limits.maxStorageBuffersPerShaderStage).toBe(adapter.limits.maxStorageBuffersPerShaderStage);
    release();
  });

  test("is a new one at each call, and one's end leaves the others alive", async () => {
    const acquired = [await acquireDevice(), await acquireDevice(), await acquireDevice({ adapter: "swiftshader" })];
    expect(new Set(acquired.map(({ device }) => device)).size).toBe(3);
    acquired.shift()!.release();
    for (const { device, release } of acquired) {
      expect(await squares(device)).toEqual(expected);
      release();
    }
  });

  test("that the caller gives is used as it is and outlives the release", async () => {
    const own = await acquireDevice();
    const acquired = await acquireDevice({ device: own.device });
    expect(acquired.device).toBe(own.device);
    expect(describeDevice(acquired.description)).toMatch(/\(given by the caller\)$/);
    acquired.release();
    expect(await squares(own.device)).toEqual(expected);
    own.release();
  });
});

describe("the choice", () => {
  const nvidia = { description: "NVIDIA H100" };
  const lavapipe = { description: "llvmpipe: Mesa 25.0.7", fallback: true };
  const lying = { description: "llvmpipe: Mesa 25.0.7", fallback: false };
  const swiftshader = { description: "SwiftShader driver", fallback: true };
  test.each([
    ["auto", nvidia, swiftshader, "NVIDIA H100", "hardware", "system"],
    ["auto", lavapipe, swiftshader, lavapipe.description, "software", "system"],
    ["auto", lying, swiftshader, lying.description, "software", "system"],
    ["auto", "none", swiftshader, "SwiftShader driver", "software", "embedded"],
    ["software", nvidia, swiftshader, "SwiftShader driver", "software", "embedded"],
    ["software", lavapipe, swiftshader, lavapipe.description, "software", "system"],
    ["hardware", nvidia, swiftshader, "NVIDIA H100", "hardware", "system"],
    ["swiftshader", nvidia, swiftshader, "SwiftShader driver", "software", "embedded"],
  ] as const)("%s with system %j and embedded %j takes %s", async (adapter, system, embedded, name, kind, source) => {
    const { description } = await acquireDevice({ adapter }, offering({ system, embedded }));
    expect(description).toMatchObject({ name, kind, source });
    expect(description.advice !== undefined).toBe(kind === "software");
  });

  test("hardware refuses a software driver that does not call itself one", async () => {
    const nothing = acquireDevice({ adapter: "hardware" }, offering({ system: lying, embedded: swiftshader }));
    await expect(nothing).rejects.toThrow("no hardware adapter found (llvmpipe: Mesa 25.0.7 is no hardware)");
  });

  test("with nothing found the error lists what was tried and the ways out", async () => {
    const none = offering({ system: "no Vulkan driver", embedded: "@sparticuz/chromium is not installed" });
    const error = await acquireDevice({}, none).catch((reason: Error) => reason);
    expect(error).toMatchObject({ name: "PolymindError" });
    expect((error as Error).message).toMatchInlineSnapshot(
      `"no adapter found (no Vulkan driver; @sparticuz/chromium is not installed). Ways to get one: (1) install your GPU's driver with Vulkan support; (2) install Mesa's lavapipe 24 or newer (package mesa-vulkan-drivers; on Debian 12 from bookworm-backports); (3) npm install @sparticuz/chromium; (4) choose adapter: "cpu" (no GPU kernels, slowest)"`,
    );
  });

  test("a name that is no choice is an error with the choices", async () => {
    const wrong = acquireDevice({ adapter: "gpu" as AdapterChoice });
    await expect(wrong).rejects.toThrow('expected auto, hardware, software, swiftshader or cpu, got "gpu"');
  });
});

describe("in a process of its own", () => {
  // The environment and the loader belong to a process, so these run bundled in children.
  const bundle = join(import.meta.dirname, `../../node_modules/.cache/polymind-adapter-${process.pid}`);
  const cache = mkdtempSync(join(tmpdir(), "polymind-cache-"));
  const node = async (script: string, env: NodeJS.ProcessEnv) =>
    promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: bundle,
      env: { ...process.env, XDG_CACHE_HOME: cache, ...env },
      timeout: 60_000,
    });

  beforeAll(async () => {
    await build({
      config: false,
      logLevel: "silent",
      entry: { adapter: "src/device/adapter.ts", swiftshader: "src/device/swiftshader.ts" },
      outDir: bundle,
      format: "esm",
      platform: "node",
      dts: false,
      deps: { neverBundle: ["webgpu"] },
    });
  });
  afterAll(() => {
    rmSync(bundle, { recursive: true, force: true });
    rmSync(cache, { recursive: true, force: true });
  });

  test.each(["auto", "software", "swiftshader"])(
    "%s finds SwiftShader with no Vulkan driver reachable, silently, and the process ends by itself",
    async (adapter) => {
      const hidden = { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent" };
      const script = `
        import { acquireDevice } from "./adapter.mjs";
        const { device, description } = await acquireDevice({ adapter: ${JSON.stringify(adapter)} });
        const squares = ${squares};
        const { source } = description;
        console.log(JSON.stringify({ source, values: await squares(device), driver: process.env.VK_DRIVER_FILES }));`;
      const { stdout, stderr } = await node(script, hidden);
      expect(JSON.parse(stdout)).toEqual({ source: "embedded", values: expected, driver: "/nonexistent" });
      expect(stderr).toBe("");
    },
  );

  test("processes that unpack at the same time share one complete folder", async () => {
    const own = mkdtempSync(join(tmpdir(), "polymind-unpack-"));
    const script = `
      import { unpackSwiftshader } from "./swiftshader.mjs";
      console.log(JSON.stringify(unpackSwiftshader()));`;
    const runs = await Promise.all(Array.from({ length: 6 }, () => node(script, { XDG_CACHE_HOME: own })));
    const answers = new Set(runs.map(({ stdout }) => stdout));
    expect(answers.size).toBe(1);
    const version = (findArchive() as { version: string }).version;
    expect(readdirSync(join(own, "polymind"))).toEqual([`swiftshader-${version}`]);
    rmSync(own, { recursive: true });
  });
});

describe("unpacking", () => {
  const folder = mkdtempSync(join(tmpdir(), "polymind-unpack-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("repairs a folder from which a file was removed", () => {
    const first = unpackSwiftshader([folder]) as { driver: string; loader: string };
    rmSync(first.loader);
    expect(unpackSwiftshader([folder])).toEqual(first);
    expect(readdirSync(join(first.loader, ".."))).toContain("libvulkan.so.1");
  });

  test("goes to the next folder when one cannot be written", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(unpackSwiftshader([join(file, "below"), folder])).toMatchObject({ loader: expect.stringContaining(folder) });
  });

  test("says why it could not", () => {
    expect(unpackSwiftshader([])).toMatch(/no cache folder/);
    const missing = unpackSwiftshader([folder], { file: join(folder, "missing"), version: "0" });
    expect(missing).toMatch(/could not be unpacked: .*missing/);
  });

  test("refuses an archive that is cut off", () => {
    const header = Buffer.alloc(512);
    header.write("name", 0);
    header.write("00000001000", 124);
    expect(() => readTar(header)).toThrow("cut off or damaged at byte 0");
  });
});
