// Node only. Asks Dawn for an adapter of the system's drivers or of the embedded SwiftShader.
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { fail } from "../errors.ts";
import { type Swiftshader, unpackSwiftshader } from "./swiftshader.ts";

/** Whose driver answers: one installed on the machine, or the one unpacked from npm. */
export type AdapterSource = "system" | "embedded";

/** An adapter with the `GPU` it came from; Dawn needs both to stay referenced. */
export interface FoundAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
}

/** Finds an adapter, or says in a few words why there is none. */
export type FindAdapter = (source: AdapterSource, request: GPURequestAdapterOptions) => Promise<FoundAdapter | string>;

// Dawn enumerates the drivers once per GPU object and never again, so there is one object per source. Sharing it also
// keeps Dawn's two lines about reduced limits, which nothing can silence, to once per process.
const gpus = new Map<AdapterSource, GPU>();

/** Finds a fresh adapter; an adapter makes one device only, so none is handed out twice. */
export const findAdapter: FindAdapter = async (source, request) => {
  const drivers = source === "system" ? systemDrivers() : embeddedDrivers();
  if (typeof drivers === "string") return drivers;
  const { create } = await importDawn();
  const gpu = gpus.get(source) ?? create(["disable-dawn-features=timestamp_quantization"]);
  gpus.set(source, gpu);
  // Mesa complains on stderr when it is unset.
  process.env["XDG_RUNTIME_DIR"] ??= tmpdir();
  const adapter = await withEnvironment(drivers, () => gpu.requestAdapter(request));
  if (adapter) return { gpu, adapter };
  if (source === "system") return "the installed Vulkan drivers offer no adapter that Dawn accepts";
  return isMainThread
    ? "SwiftShader was unpacked but gave no adapter"
    : `a worker thread cannot set what the Vulkan loader reads: start Node with VK_DRIVER_FILES=${drivers["VK_DRIVER_FILES"]}`;
};

async function importDawn(): Promise<typeof import("webgpu")> {
  try {
    return await import("webgpu");
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0];
    return fail(
      `the npm package "webgpu" does not load here (${reason}): reinstall it on Linux with glibc, macOS or Windows, or choose adapter: "cpu"`,
      error,
    );
  }
}

/** Variables under which the system's drivers are found (none), or the reason why there are none. */
function systemDrivers(): Record<string, string> | string {
  // Elsewhere Dawn speaks Metal or Direct3D. Here the answer is known without Dawn, which would complain on stderr.
  if (process.platform === "linux") {
    if (!hasDriverManifest()) return "no Vulkan driver is installed or reachable";
    if (!loadLoader(unpackSwiftshader)) return "no Vulkan loader (libvulkan.so.1) is installed";
  }
  return {};
}

/** Variables under which SwiftShader is found, or the reason why it is not. */
function embeddedDrivers(): Record<string, string> | string {
  const files = unpackSwiftshader();
  if (typeof files === "string") return files;
  if (!loadLoader(() => files)) return `${files.loader} cannot be loaded`;
  // Loaders before 1.3.207 know only the second name.
  return { VK_DRIVER_FILES: files.driver, VK_ICD_FILENAMES: files.driver };
}

/**
 * Loads the machine's Vulkan loader; if it has none, the one that comes with SwiftShader, which serves other drivers too:
 * containers often get the GPU's driver from their host and no loader.
 */
function loadLoader(unpack: () => Swiftshader | string): boolean {
  // Dawn opens "libvulkan.so.1" by name and gets the library of that name that is already loaded.
  if (loadLibrary("libvulkan.so.1")) return true;
  const files = unpack();
  return typeof files !== "string" && loadLibrary(files.loader);
}

/** Loads a shared library for good and says whether that worked. */
function loadLibrary(path: string): boolean {
  const nodelete = 0x1000;
  const globalNow = 0x102;
  try {
    process.dlopen({ exports: {} }, path, nodelete | globalNow);
    return true;
  } catch (error) {
    // The library is loaded and stays; Node only misses an addon in it.
    return /self-register/.test((error as Error).message);
  }
}

/** Whether the Vulkan loader has any driver manifest to read, by its own rules for where they lie. */
function hasDriverManifest(): boolean {
  const { env } = process;
  const home = env["HOME"] || "/";
  const list = (value: string | undefined) => (value ?? "").split(delimiter).filter(Boolean);
  if (list(env["VK_ADD_DRIVER_FILES"]).some(existsSync)) return true;
  const only = env["VK_DRIVER_FILES"] || env["VK_ICD_FILENAMES"];
  if (only) return list(only).some(existsSync);
  const roots = [
    env["XDG_CONFIG_HOME"] || join(home, ".config"),
    ...list(env["XDG_CONFIG_DIRS"] || "/etc/xdg"),
    "/etc",
    "/usr/local/etc",
    env["XDG_DATA_HOME"] || join(home, ".local/share"),
    ...list(env["XDG_DATA_DIRS"]),
    "/usr/local/share",
    "/usr/share",
    "/run/opengl-driver/share",
  ];
  return roots.some((root) => {
    try {
      return readdirSync(join(root, "vulkan/icd.d")).some((name) => name.endsWith(".json"));
    } catch {
      return false;
    }
  });
}

/** Starts `work` with the variables set. Dawn reads them before its call returns, so they are gone when others run. */
function withEnvironment<T>(variables: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
