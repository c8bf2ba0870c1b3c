import { fail } from "../../src/errors.ts";
import { importOptional, logitsByInterest, maskOf, type RoutingInputs, type RoutingPeer } from "./peer.ts";

/** The part of `gpu.js` that routing needs. A pipeline records kernel calls once and replays them as one submission. */
type Rows = readonly (readonly Float32Array[])[];
type Kernel = ((...operands: unknown[]) => unknown) & { readonly kernel: { readonly constructor: { mode: string } } };
type Pipeline = (() => Promise<Rows>) & { readonly backend: string; readonly fallbackReason: string | null };
interface GpuPackage {
  readonly GPU: new (settings: {
    mode: "webgpu";
  }) => {
    createKernel(
      source: string,
      settings: { output: readonly number[]; constants?: Readonly<Record<string, number>> },
    ): Kernel;
    createPipeline(orchestrate: () => unknown): Pipeline;
    destroy(): Promise<void> | void;
  };
  readonly input: (data: Float32Array, size: readonly number[]) => unknown;
}

/**
 * gpu.js by `createPipeline` on its WebGPU backend; `undefined` if it is not installed. It has no gradients.
 * What is closed over, unlike a pipeline's arguments, lies on the device from the first call on.
 */
export async function gpuPeer(inputs: RoutingInputs): Promise<RoutingPeer | undefined> {
  const imported = await importOptional<GpuPackage & { default?: GpuPackage }>("gpu.js");
  if (imported === undefined) return undefined;
  const { GPU, input } = imported.default ?? imported;
  const { batch, length, dimension, interests, iterations } = inputs.sizes;
  const gpu = new GPU({ mode: "webgpu" });
  const array = (data: ArrayLike<number>, size: readonly number[]) => input(Float32Array.from(data), size);
  const behaviours = array(inputs.feeds.behaviours.data, [dimension, length, batch]);
  const transform = array(inputs.feeds.transform.data, [dimension, dimension]);
  const mask = array(maskOf(inputs), [length, batch]);
  const constants = { length, dimension, interests };
  const vectors = [dimension, interests, batch];
  const scores = [length, interests, batch];
  const kernel = (source: string, output: readonly number[]) => gpu.createKernel(source, { output, constants });
  const map = kernel(mapSource, [dimension, length, batch]);
  const weigh = kernel(weighSource, scores);
  const sum = kernel(sumSource, vectors);
  const squash = kernel(squashSource, vectors);
  const agree = kernel(agreeSource, scores);
  const initial = new Float32Array(batch * interests * length);
  const once = logitsByInterest(inputs);
  for (let user = 0; user < batch; user++) initial.set(once, user * once.length);
  const firstLogits = array(initial, scores);
  const forward = gpu.createPipeline(() => {
    const mapped = map(behaviours, transform);
    let logits: unknown = firstLogits;
    for (let t = 1; ; t++) {
      const capsules = squash(sum(weigh(logits, mask), mapped));
      if (t === iterations) return capsules;
      logits = agree(logits, capsules, mapped);
    }
  });
  const run = async () => {
    const rows = await forward();
    const out = new Float32Array(batch * interests * dimension);
    for (const [user, ofUser] of rows.entries()) {
      for (const [interest, row] of ofUser.entries()) out.set(row, (user * interests + interest) * dimension);
    }
    return out;
  };
  await run();
  const { mode } = map.kernel.constructor;
  if (mode !== "webgpu" || forward.backend !== "webgpu" || forward.fallbackReason !== null) {
    fail(`gpu.js: expected its WebGPU backend, got ${mode} and ${forward.backend} (${forward.fallbackReason})`);
  }
  const launches = 1 + 4 * iterations - 1;
  return { dispatches: { forward: launches }, forward: run, dispose: () => void gpu.destroy() };
}

// Kernels are text: gpu.js reads a function's source, which a bundler may rewrite.
const mapSource = `function (rows, transform) {
  let total = 0;
  for (let c = 0; c < this.constants.dimension; c++) {
    total += rows[this.thread.z][this.thread.y][c] * transform[c][this.thread.x];
  }
  return total;
}`;

const weighSource = `function (logits, mask) {
  let largest = logits[this.thread.z][0][this.thread.x];
  for (let j = 1; j < this.constants.interests; j++) {
    largest = Math.max(largest, logits[this.thread.z][j][this.thread.x]);
  }
  let total = 0;
  for (let j = 0; j < this.constants.interests; j++) {
    total += Math.exp(logits[this.thread.z][j][this.thread.x] - largest);
  }
  const own = Math.exp(logits[this.thread.z][this.thread.y][this.thread.x] - largest);
  return mask[this.thread.z][this.thread.x] * own / total;
}`;

const sumSource = `function (weights, mapped) {
  let total = 0;
  for (let i = 0; i < this.constants.length; i++) {
    total += weights[this.thread.z][this.thread.y][i] * mapped[this.thread.z][i][this.thread.x];
  }
  return total;
}`;

const squashSource = `function (z) {
  let squared = 0;
  for (let c = 0; c < this.constants.dimension; c++) {
    squared += z[this.thread.z][this.thread.y][c] * z[this.thread.z][this.thread.y][c];
  }
  return z[this.thread.z][this.thread.y][this.thread.x] * squared / (1 + squared) / Math.sqrt(squared + 1e-9);
}`;

const agreeSource = `function (logits, capsules, mapped) {
  let total = logits[this.thread.z][this.thread.y][this.thread.x];
  for (let c = 0; c < this.constants.dimension; c++) {
    total += capsules[this.thread.z][this.thread.y][c] * mapped[this.thread.z][this.thread.x][c];
  }
  return total;
}`;
