import { fail } from "../errors.ts";
import type { Dispatch, Scalar } from "../graph/graph.ts";

/** Builds and keeps compute pipelines; one for each shader, set of constants and pattern of read and write bindings. */
export interface KernelCache {
  pipelineOf(dispatch: Dispatch): Promise<GPUComputePipeline>;
}

export function createKernelCache(device: GPUDevice): KernelCache {
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  return {
    pipelineOf(dispatch) {
      const key = pipelineKey(dispatch);
      let pipeline = pipelines.get(key);
      if (pipeline === undefined) {
        pipeline = buildPipeline(device, dispatch);
        pipelines.set(key, pipeline);
      }
      return pipeline;
    },
  };
}

function pipelineKey({ shader, constants, bindings }: Dispatch): string {
  return JSON.stringify([shader.name, shader.code, constants ?? {}, bindings.map((binding) => binding.access)]);
}

async function buildPipeline(device: GPUDevice, dispatch: Dispatch): Promise<GPUComputePipeline> {
  const { shader, constants } = dispatch;
  const module = device.createShaderModule({ label: shader.name, code: shader.code });
  await throwCompilationErrors(module, shader.name, shader.code);
  const entries: GPUBindGroupLayoutEntry[] = dispatch.bindings.map((binding, i) => ({
    binding: i + 1,
    visibility: 4,
    buffer: { type: binding.access === "read" ? "read-only-storage" : "storage" },
  }));
  if (hasParams(dispatch)) entries.unshift({ binding: 0, visibility: 4, buffer: { type: "uniform" } });
  const layout = device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
  try {
    return await device.createComputePipelineAsync({
      label: shader.name,
      layout,
      compute: { module, entryPoint: "main", ...(constants ? { constants } : {}) },
    });
  } catch (cause) {
    fail(`kernel ${shader.name} with constants ${JSON.stringify(constants ?? {})}: ${oneLine(cause)}`, cause);
  }
}

/** Fails with kernel, line, column and the line itself when a shader does not compile. */
async function throwCompilationErrors(module: GPUShaderModule, name: string, code: string): Promise<void> {
  const { messages } = await module.getCompilationInfo();
  const error = messages.find((message) => message.type === "error");
  if (error === undefined) return;
  const line = code.split("\n")[error.lineNum - 1]?.trim() ?? "";
  fail(`kernel ${name}.wgsl:${error.lineNum}:${error.linePos}: ${oneLine(error.message)}: ${line}`);
}

function oneLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]!;
}

export function hasParams(dispatch: Dispatch): boolean {
  return Object.keys(dispatch.params).length > 0;
}

/** The bytes of a kernel's `Params` struct, padded to the 16 bytes that uniform structs are rounded to. */
export function encodeParams(params: Readonly<Record<string, Scalar>>): ArrayBuffer {
  const scalars = Object.values(params);
  const bytes = new ArrayBuffer(Math.ceil(Math.max(1, scalars.length) / 4) * 16);
  const view = new DataView(bytes);
  for (const [i, scalar] of scalars.entries()) {
    if (scalar.type === "u32") view.setUint32(i * 4, scalar.value, true);
    else view.setFloat32(i * 4, scalar.value, true);
  }
  return bytes;
}
