import type { Dispatch } from "../graph/graph.ts";
import type { LaunchTime } from "../graph/program.ts";
import type { Span, Stopwatch } from "./stopwatch.ts";

/** A kernel launch with all that encoding it needs. */
export interface Launch {
  readonly dispatch: Dispatch;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
}

/** Encodes launches, pass by pass; a stopwatch clocks each pass. */
export function encodePasses(
  device: GPUDevice,
  passes: readonly (readonly Launch[])[],
  stopwatch?: Stopwatch,
): GPUCommandBuffer {
  const encoder = device.createCommandEncoder();
  for (const [i, launches] of passes.entries()) {
    const pass = encoder.beginComputePass(stopwatch?.descriptorOf(i));
    for (const { dispatch, pipeline, bindGroup } of launches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...dispatch.workgroups);
    }
    pass.end();
  }
  stopwatch?.resolve(encoder);
  return encoder.finish();
}

/** The mean time of each launch from spans that go through all launches once or several times. */
export function meanTimes(launches: readonly Launch[], spans: readonly Span[]): LaunchTime[] {
  const repeats = spans.length / launches.length;
  return launches.map(({ dispatch }, i) => {
    let total = 0;
    for (let at = i; at < spans.length; at += launches.length) total += spans[at]!.end - spans[at]!.begin;
    return { dispatch, milliseconds: total / repeats };
  });
}
