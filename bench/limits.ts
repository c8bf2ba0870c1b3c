// What the adapter can do at best, measured in the same run as the kernels: the floors are worked out from it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Shader } from "../src/graph/graph.ts";
import copyShader from "./limits/copy.wgsl";
import multiplyAddShader from "./limits/multiply_add.wgsl";

export interface Limits {
  /** Bytes read and written by a copying kernel, both counted. */
  readonly bytes_per_second: number;
  /** A multiply-add counts as two. */
  readonly flops_per_second: number;
}

/** Those and what launching costs through the engine. */
export interface AdapterLimits extends Limits {
  /** One launch of a kernel that does next to nothing, among many in a submission. */
  readonly launch_ms: number;
  /** A run without kernels, from the call until the host has read a result of it. */
  readonly empty_call_ms: number;
}

/** Usage flags, spelled out because the globals of WebGPU exist only in browsers. */
const usage = { copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const;

/** Far more than the caches of a CPU or a GPU hold, and within what lavapipe binds. */
const copiedBytes = (software: boolean) => (software ? 64 : 120) * 2 ** 20;
const chainsPerInvocation = 8;
const linksPerRound = 8;

/** Measures both limits: the best of several timings, since anything else on the machine can only slow them down. */
export async function measureLimits(device: GPUDevice, software: boolean): Promise<Limits> {
  return {
    bytes_per_second: await copyRate(device, software),
    flops_per_second: await multiplyAddRate(device, software),
  };
}

async function copyRate(device: GPUDevice, software: boolean): Promise<number> {
  const bytes = copiedBytes(software);
  const perInvocation = 16;
  const stride = bytes / 16 / perInvocation;
  const params = new Uint32Array([stride, perInvocation]);
  const buffers = [0, 1].map(() => device.createBuffer({ size: bytes, usage: usage.storage }));
  const seconds = await bestSeconds(device, copyShader, params, buffers, stride / 64);
  return (2 * bytes) / seconds;
}

async function multiplyAddRate(device: GPUDevice, software: boolean): Promise<number> {
  const workgroups = software ? 256 : 16384;
  const rounds = software ? 1000 : 500;
  const invocations = workgroups * 64;
  const params = new ArrayBuffer(16);
  new Uint32Array(params, 0, 1)[0] = rounds;
  new Float32Array(params, 4, 2).set([0.999, 0.001]);
  const sums = device.createBuffer({ size: invocations * 16, usage: usage.storage });
  const seconds = await bestSeconds(device, multiplyAddShader, params, [sums], workgroups);
  return (2 * invocations * chainsPerInvocation * linksPerRound * rounds) / seconds;
}

/** The best time of one dispatch, several of them in each submit; frees the buffers. */
async function bestSeconds(
  device: GPUDevice,
  shader: Shader,
  params: ArrayBuffer | Uint32Array<ArrayBuffer>,
  buffers: readonly GPUBuffer[],
  workgroups: number,
): Promise<number> {
  const module = device.createShaderModule({ label: shader.name, code: shader.code });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
  const uniforms = device.createBuffer({ size: 16, usage: usage.uniform | usage.copyTarget });
  device.queue.writeBuffer(uniforms, 0, params);
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [uniforms, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  let expected = 0;
  const run = async (dispatches: number) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < dispatches; i++) pass.dispatchWorkgroups(workgroups);
    pass.end();
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    // While a promise of Dawn is pending it polls and takes a core away from a software adapter.
    if (expected > 4) await sleep(expected * 0.7);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
  await run(1);
  const once = await run(1);
  const dispatches = Math.min(200, Math.max(2, Math.ceil(40 / once)));
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 7; i++) {
    const took = await run(dispatches);
    best = Math.min(best, took);
    expected = best;
  }
  for (const buffer of [uniforms, ...buffers]) buffer.destroy();
  return best / dispatches / 1000;
}
