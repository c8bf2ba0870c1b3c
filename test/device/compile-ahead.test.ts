import { expect, test } from "vitest";
import { acquireDevice } from "../../src/device/adapter.ts";
import { compilesOnDispatch, createCompileAhead, withHelp } from "../../src/device/compile-ahead.ts";
import { type Dispatch, Graph } from "../../src/graph/graph.ts";

const graph = new Graph();
const value = graph.input("x", "f32", [4]);

/** A kernel of its own for each name; it runs as long as its params say. */
const dispatchOf = (name: string): Dispatch => ({
  shader: {
    name,
    code: `struct Params { turns: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(1) fn main() { for (var i = 0u; i < params.turns; i++) { x[0] += 1.0; } }`,
  },
  params: { turns: { type: "u32", value: 3 } },
  bindings: [{ value, access: "write" }],
  workgroups: [60_000, 1, 1],
});
const dispatches = ["first", "second", "second", "third"].map(dispatchOf);

/** Notes the kernels of each submission; resolves when the device is released. */
function watched(onSubmit: () => void = () => {}) {
  const compiled: string[] = [];
  let submissions = 0;
  let released: () => void;
  const done = new Promise<void>((resolve) => {
    released = resolve;
  });
  const acquire = async () => {
    const acquired = await acquireDevice();
    const { device } = acquired;
    const build = device.createComputePipelineAsync.bind(device);
    device.createComputePipelineAsync = (descriptor) => {
      compiled.push(descriptor.label!);
      return build(descriptor);
    };
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = (commands) => {
      submissions++;
      submit(commands);
      onSubmit();
    };
    const release = () => {
      acquired.release();
      released();
    };
    return { ...acquired, release };
  };
  return { compiled, submissions: () => submissions, done, acquire };
}

test("only Mesa's software adapter compiles when it first dispatches", () => {
  const info = (description: string) => ({ description, device: "" }) as GPUAdapterInfo;
  expect(compilesOnDispatch(info("llvmpipe: Mesa 25.0.7 (LLVM 19.1.7)"))).toBe(true);
  expect(compilesOnDispatch(info("SwiftShader driver"))).toBe(false);
  expect(compilesOnDispatch(info("NVIDIA H100"))).toBe(false);
});

test("each kernel is dispatched once on a second device, from the last to the first, which is then given back", async () => {
  const { compiled, submissions, done, acquire } = watched();
  const listeners = process.listenerCount("exit");
  createCompileAhead(acquire, 0)(dispatches);
  await done;
  await new Promise((resolve) => setTimeout(resolve));
  expect(process.listenerCount("exit")).toBe(listeners);
  expect(compiled).toEqual(["third", "second", "first"]);
  expect(submissions()).toBe(3);
});

test("help ends when the first run is over", async () => {
  const stop = { now: () => {} };
  const atExit: number[] = [];
  const { compiled, submissions, done, acquire } = watched(() => {
    // A process that ends now waits for the kernel at hand.
    atExit.push(process.listenerCount("exit"));
    stop.now();
  });
  const listeners = process.listenerCount("exit");
  stop.now = createCompileAhead(acquire, 0)(dispatches);
  await done;
  expect(atExit).toEqual([listeners + 1]);
  expect(compiled).toEqual(["third", "second"]);
  expect(submissions()).toBe(1);
});

test("a first run that is over before the patience is gets no help", async () => {
  let acquisitions = 0;
  const acquire = () => {
    acquisitions++;
    return acquireDevice();
  };
  createCompileAhead(acquire, 20)(dispatches)();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(acquisitions).toBe(0);
});

test.each(["turn", "idle", "until"] as const)(
  "the first work is helped until its %s is over, and no other work",
  async (end) => {
    const events: string[] = [];
    const plain = { submitted: () => {}, turn: async () => {}, idle: async () => {}, until: async () => {} };
    const pace = withHelp(plain, () => {
      events.push("help");
      return () => events.push("over");
    });
    await pace[end](async () => {});
    expect(events).toEqual([]);
    pace.submitted();
    expect(events).toEqual(["help"]);
    await pace[end](async () => {});
    expect(events).toEqual(["help", "over"]);
    pace.submitted();
    expect(events).toEqual(["help", "over"]);
  },
);

test("a program that is disposed of gets no more help", () => {
  let isOver = false;
  const plain = { submitted: () => {}, turn: async () => {}, idle: async () => {}, until: async () => {} };
  const pace = withHelp(plain, () => () => {
    isOver = true;
  });
  pace.submitted();
  pace.destroy();
  expect(isOver).toBe(true);
});
