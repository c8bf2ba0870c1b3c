import type { Dispatch } from "../graph/graph.ts";
import type { AcquiredDevice } from "./adapter.ts";
import { createKernelCache, encodeParams, hasParams } from "./kernel.ts";
import { encodePasses } from "./launch.ts";
import { createPace, type Pace } from "./pace.ts";
import { usage } from "./transfer.ts";

/**
 * Helps a device through the first run of its kernels; call what it returns when that run is over.
 *
 * Mesa's software adapter compiles a kernel when it is first dispatched, one after the other, and keeps it in a cache on disk. A
 * second device dispatches the kernels from the last to the first, with nothing to do, while the device at work goes from the
 * first to the last; where they meet, the device at work finds the rest in the cache.
 */
export type CompileAhead = (dispatches: readonly Dispatch[]) => () => void;

/** Whether an adapter compiles kernels when they are first dispatched, and finds there what another device has compiled. */
export function compilesOnDispatch({ device, description }: GPUAdapterInfo): boolean {
  return /llvmpipe/i.test(`${device} ${description}`);
}

/**
 * @param acquire makes the second device
 * @param patience ms that the first run is given before it is helped: one whose kernels are in the cache needs no help
 */
export function createCompileAhead(acquire: () => Promise<AcquiredDevice>, patience = 100): CompileAhead {
  return (dispatches) => {
    let isOver = false;
    const help = async () => {
      const acquired = await acquire();
      // Destroying waits for the kernel that is being compiled, which must not outlive the driver that the end of a process unloads.
      const destroy = () => acquired.device.destroy();
      try {
        process.once("exit", destroy);
        await compileBackwards(acquired.device, dispatches, () => isOver);
      } finally {
        acquired.release();
        process.off("exit", destroy);
      }
    };
    // Without help the run takes longer, and no more.
    const timer = setTimeout(() => help().catch(() => undefined), patience);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  };
}

/** A pace that has its first work helped, until that is over or the helper is destroyed. */
export function withHelp(pace: Pace, help: () => () => void): Pace & { destroy(): void } {
  let stop: (() => void) | undefined;
  return {
    submitted() {
      pace.submitted();
      stop ??= help();
    },
    async turn() {
      await pace.turn();
      stop?.();
    },
    async idle() {
      await pace.idle();
      stop?.();
    },
    async until(ask) {
      await pace.until(ask);
      stop?.();
    },
    destroy: () => stop?.(),
  };
}

/** A kernel's bindings show it this much of nothing; indices past the end are clamped by WebGPU's robustness. */
const bytesOfEach = 4096;

/** Dispatches one workgroup of each kernel on zeros. */
async function compileBackwards(
  device: GPUDevice,
  dispatches: readonly Dispatch[],
  isOver: () => boolean,
): Promise<void> {
  const kernels = createKernelCache(device);
  const pace = createPace(device.queue, true);
  const mostBindings = Math.max(...dispatches.map(({ bindings }) => bindings.length));
  const storage = Array.from({ length: mostBindings }, () =>
    device.createBuffer({ size: bytesOfEach, usage: usage.storage }),
  );
  const uniforms = device.createBuffer({ size: bytesOfEach, usage: usage.uniform | usage.copyTarget });
  const compiled = new Set<GPUComputePipeline>();
  for (const dispatch of [...dispatches].reverse()) {
    const pipeline = await kernels.pipelineOf(dispatch);
    if (isOver()) return;
    if (compiled.has(pipeline)) continue;
    compiled.add(pipeline);
    const entries = dispatch.bindings.map((_, i) => ({ binding: i + 1, resource: { buffer: storage[i]! } }));
    if (hasParams(dispatch)) {
      const params = encodeParams(dispatch.params);
      device.queue.writeBuffer(uniforms, 0, params);
      entries.unshift({ binding: 0, resource: { buffer: uniforms } });
    }
    const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    const once: Dispatch = { ...dispatch, workgroups: [1, 1, 1] };
    device.queue.submit([encodePasses(device, [[{ dispatch: once, pipeline, bindGroup }]])]);
    pace.submitted();
    await pace.idle();
  }
}
