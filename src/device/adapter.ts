// Node only. Chooses the adapter that the engine runs on and makes a device of it.
import { fail } from "../errors.ts";
import { type AdapterSource, type FindAdapter, type FoundAdapter, findAdapter } from "./adapter-dawn.ts";
import { swiftshaderPackage } from "./swiftshader.ts";

/**
 * Which adapter to use: `"hardware"` a GPU or nothing; `"software"` a system software Vulkan, else SwiftShader;
 * `"swiftshader"` the one from npm; `"auto"` the first of these that is there, in this order.
 */
export type AdapterChoice = "auto" | "hardware" | "software" | "swiftshader";

/** What a device is, for people. */
export interface DeviceDescription {
  /** The adapter's own name. */
  readonly name: string;
  readonly kind: "given" | "hardware" | "software";
  readonly source: "caller" | AdapterSource;
  /** WebGPU features that are enabled on the device. */
  readonly features: readonly string[];
  /** Software only: that it is slow, and what would make it fast. */
  readonly advice?: string;
}

/**
 * A `GPUDevice`, by whichever declaration the program has: the DOM's or that of `@webgpu/types`. Programs for Node have neither, and
 * the name alone would not compile there.
 */
export type OwnDevice = typeof globalThis extends { GPUDevice: { prototype: infer Device } } ? Device : object;

/** A device and what it depends on. */
export interface AcquiredDevice {
  readonly device: GPUDevice;
  readonly description: DeviceDescription;
  /** Keep this referenced as long as the device: Dawn's objects die with the `GPU` and the adapter they came from. */
  readonly keepAlive: unknown;
  /** Destroys the device if it was made here; a device that the caller gave is left alone. */
  release(): void;
}

interface Step {
  readonly source: AdapterSource;
  readonly kind: "hardware" | "software";
}

const hardware: Step = { source: "system", kind: "hardware" };
const software: Step = { source: "system", kind: "software" };
const embedded: Step = { source: "embedded", kind: "software" };
const steps: Record<AdapterChoice, readonly Step[]> = {
  auto: [hardware, software, embedded],
  hardware: [hardware],
  software: [software, embedded],
  swiftshader: [embedded],
};

const wantedFeatures: readonly GPUFeatureName[] = ["subgroups", "shader-f16", "timestamp-query"];

// WebGPU grants its small defaults unless more is asked for.
const raisedLimits = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxStorageBuffersPerShaderStage",
] as const;

/**
 * Gives a device to compute on: the caller's, or a new one on the adapter that `adapter` (default `"auto"`) chooses.
 * Each call makes a device of its own, with the adapter's limits and `subgroups`, `shader-f16` and `timestamp-query`
 * where the adapter has them.
 *
 * @param find finds the adapters; tests give their own
 * @throws PolymindError when no adapter is found, naming what was tried and the ways to get one
 */
export async function acquireDevice(
  options: { device?: GPUDevice; adapter?: AdapterChoice } = {},
  find: FindAdapter = findAdapter,
): Promise<AcquiredDevice> {
  const { device, adapter: choice = "auto" } = options;
  if (device) return given(device);
  if (!Object.hasOwn(steps, choice)) {
    fail(`adapter: expected ${Object.keys(steps).join(", ")} or cpu, got ${JSON.stringify(choice)}`);
  }
  const reasons = new Set<string>();
  for (const step of steps[choice]) {
    const found = await take(step, find);
    if (typeof found === "string") {
      reasons.add(found);
      continue;
    }
    try {
      return await make(step, found);
    } catch (error) {
      reasons.add(`${nameOf(found.adapter.info)} refused to make a device: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  return fail(
    `no ${choice === "auto" ? "" : `${choice} `}adapter found (${[...reasons].join("; ")}). Ways to get one: ${fixes(choice)}`,
  );
}

/** The one line that is printed at start. */
export function describeDevice(description: DeviceDescription): string {
  const { name, kind, source, advice } = description;
  const origin = kind === "given" ? "given by the caller" : `${kind}${source === "embedded" ? ", embedded" : ""}`;
  return `adapter: ${name} (${origin})${advice ? `. ${advice}` : ""}`;
}

function given(device: GPUDevice): AcquiredDevice {
  const features = [...device.features].sort();
  const description = { name: nameOf(device.adapterInfo), kind: "given", source: "caller", features } as const;
  return { device, description, keepAlive: device, release() {} };
}

/** The adapter of one step, or why there is none. */
async function take({ source, kind }: Step, find: FindAdapter): Promise<FoundAdapter | string> {
  const request: GPURequestAdapterOptions =
    kind === "software" ? { forceFallbackAdapter: true } : { powerPreference: "high-performance" };
  let found = await find(source, request);
  // A software driver that does not call itself one is offered only without the demand for one.
  if (typeof found === "string" && kind === "software") found = await find(source, {});
  if (typeof found === "string") return found;
  const { info } = found.adapter;
  if (isSoftware(info) === (kind === "software")) return found;
  return kind === "hardware" ? `${nameOf(info)} is no hardware` : "no software Vulkan driver is installed";
}

async function make({ source, kind }: Step, { gpu, adapter }: FoundAdapter): Promise<AcquiredDevice> {
  const device = await adapter.requestDevice({
    requiredFeatures: wantedFeatures.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(raisedLimits.map((name) => [name, adapter.limits[name]])),
  });
  const features = [...device.features].sort();
  const description: DeviceDescription = { name: nameOf(adapter.info), kind, source, features };
  return {
    device,
    description: kind === "hardware" ? description : { ...description, advice: advice(source) },
    keepAlive: { gpu, adapter },
    release: () => device.destroy(),
  };
}

// Names count as well, because not every software driver reports the type "CPU".
export function isSoftware(info: GPUAdapterInfo): boolean {
  const names = [info.vendor, info.architecture, info.device, info.description].join(" ");
  return info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader|softpipe|basic render/i.test(names);
}

/** An adapter and, where its description says so, the version of its driver; the same text means the same speed of the same kernels. */
export function identityOf({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  return [vendor, architecture, device, description].filter(Boolean).join(" / ") || "unnamed";
}

function nameOf(info: GPUAdapterInfo | undefined): string {
  return info?.description || info?.device || [info?.vendor, info?.architecture].filter(Boolean).join(" ") || "unnamed";
}

const lavapipe = "Mesa's lavapipe 24 or newer (package mesa-vulkan-drivers; on Debian 12 from bookworm-backports)";

function advice(source: AdapterSource): string {
  const gpu = "a GPU with its Vulkan driver is far faster";
  return source === "embedded"
    ? `It runs on the CPU and is slow: ${lavapipe} is 3 to 5 times faster, ${gpu}`
    : `It runs on the CPU and is slow: ${gpu}`;
}

function fixes(choice: AdapterChoice): string {
  const ways = ["install your GPU's driver with Vulkan support"];
  if (choice === "auto" || choice === "software") ways.push(`install ${lavapipe}`);
  if (choice !== "hardware") ways.push(`npm install ${swiftshaderPackage}`);
  if (choice === "swiftshader") ways.shift();
  if (choice !== "auto") ways.push('choose adapter: "auto"');
  ways.push('choose adapter: "cpu" (no GPU kernels, slowest)');
  return ways.map((way, index) => `(${index + 1}) ${way}`).join("; ");
}
