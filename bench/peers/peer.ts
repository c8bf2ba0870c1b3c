import type { Feed, Sizes } from "../kernel-benchmark.ts";
import { mapLate } from "./late.ts";

/** What every engine of the comparison is given; the arrays lie on its device before anything is timed. */
export interface RoutingInputs {
  readonly sizes: Sizes;
  readonly feeds: Readonly<Record<"behaviours" | "transform" | "lengths" | "interestCounts" | "logits", Feed>>;
  readonly upstream: Feed;
}

export interface RoutingGradients {
  readonly transform: Float32Array;
  readonly behaviours: Float32Array;
}

/** An engine that routes; each call ends when its results are in the host's memory. */
export interface RoutingPeer {
  /** Interests `[batch, interests, dimension]`. */
  forward(): Promise<Float32Array>;
  /** Absent where the engine has none. */
  gradients?(): Promise<RoutingGradients>;
  readonly dispatches?: { readonly forward: number; readonly gradients?: number };
  dispose(): void;
}

/** The adapter that all engines use. */
export interface SharedAdapter {
  /** A fresh adapter of the same driver; one adapter makes one device. */
  readonly request: RequestAdapter;
  readonly software: boolean;
}

export type RequestAdapter = () => Promise<GPUAdapter>;

/** Installs all peers, beside the project's own packages. */
export const installPeers = "npm install --prefix bench";

/** What stands in for a browser's `navigator.gpu`. */
export interface PretendedBrowser {
  readonly requestAdapter: RequestAdapter;
  /** To be called before other work is timed: how long the last took says nothing about it. */
  forgetPace(): void;
}

/** Gives the peers' packages what they expect of a browser: `navigator.gpu` and WebGPU's globals. */
export async function pretendBrowser({ request, software }: SharedAdapter): Promise<PretendedBrowser> {
  const { globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  const paced: { forget(): void }[] = [];
  const requestAdapter = async () => {
    const adapter = await request();
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      const device = await requestDevice(descriptor);
      if (software) paced.push(mapLate(device));
      return device;
    };
    return adapter;
  };
  const gpu = {
    requestAdapter,
    getPreferredCanvasFormat: () => "bgra8unorm",
    wgslLanguageFeatures: new Set(),
  };
  Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "node" }, configurable: true });
  const forgetPace = () => {
    for (const { forget } of paced) forget();
  };
  return { requestAdapter, forgetPace };
}

/** Which behaviours are real, `[batch, length]`, 1 or 0: other engines know no lengths. */
export function maskOf({ sizes: { batch, length }, feeds }: RoutingInputs): Float32Array {
  const mask = new Float32Array(batch * length);
  for (let user = 0; user < batch; user++) mask.fill(1, user * length, user * length + feeds.lengths.data[user]!);
  return mask;
}

/** Initial logits as other engines hold them, `[interests, length]`. */
export function logitsByInterest({ sizes: { length, interests }, feeds }: RoutingInputs): Float32Array {
  const out = new Float32Array(length * interests);
  for (let i = 0; i < out.length; i++) out[i] = feeds.logits.data[(i % length) * interests + Math.floor(i / length)]!;
  return out;
}

/** Imports a package that may not be installed; `undefined` where it is not. */
export async function importOptional<T>(name: string): Promise<T | undefined> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
