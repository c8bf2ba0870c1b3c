import { fail } from "../errors.ts";
import { type ChooseFamily, dispatchesOf, familyOf, planFamilies, supportedFamilies } from "../graph/families.ts";
import type { Dispatch, HostArray, KernelTarget, Value } from "../graph/graph.ts";
import { allocateArrays, createHostNodes } from "../graph/host-nodes.ts";
import { checkInputs, type InputArrays } from "../graph/interpreter.ts";
import type { Goal, Plan } from "../graph/plan.ts";
import { outputNamed, type Program, type RunTimes } from "../graph/program.ts";
import { createTurns } from "../graph/turns.ts";
import { bindingOf, bufferBytes, requireBindable } from "./bindings.ts";
import { type CompileAhead, withHelp } from "./compile-ahead.ts";
import { encodeParams, hasParams, type KernelCache } from "./kernel.ts";
import { encodePasses, type Launch, meanTimes } from "./launch.ts";
import { createPace } from "./pace.ts";
import type { DeviceParameters } from "./parameters.ts";
import { createStopwatch, type Stopwatch } from "./stopwatch.ts";
import { createStaging, createStorage, readBuffers, usage, writeRows } from "./transfer.ts";

export interface ProgramOptions {
  /** Fills every computed buffer with this number before the first run, so that an element no kernel writes stands out. */
  readonly poison?: number;
  /** Picks the kernels of ops that have several families of them; default: by the class of the adapter. */
  readonly chooseFamily?: ChooseFamily;
  /** Most bytes of a table that a kernel sees at once; default: what one binding may show. Tests make it small. */
  readonly tableWindowBytes?: number;
}

export interface ProgramContext {
  readonly device: GPUDevice;
  readonly kernels: KernelCache;
  readonly parameters: DeviceParameters;
  readonly target: Omit<KernelTarget, "isUsed" | "tableWindowBytes">;
  /** Throws when the device is lost or reported an error. */
  check(): void;
  /** There for adapters that compile kernels when they are first dispatched. */
  readonly compileAhead?: CompileAhead;
}

/** Plans the goal for the device's kernels and makes all pipelines, buffers and bind groups, once. */
export async function createDeviceProgram(
  goal: Goal,
  context: ProgramContext,
  options: ProgramOptions = {},
): Promise<Program> {
  const { device } = context;
  const owned: { destroy(): void }[] = [];
  const own = <Owned extends { destroy(): void }>(made: Owned) => {
    owned.push(made);
    return made;
  };
  const limit = device.limits.maxStorageBufferBindingSize;
  const tableWindowBytes = Math.min(options.tableWindowBytes ?? limit, limit);
  const adapter = { ...context.target, tableWindowBytes };
  const { outputs } = goal;
  const plan = planFamilies(goal, adapter, options.chooseFamily);
  const target: KernelTarget = { ...adapter, isUsed: plan.isUsed };
  const dispatches = plan.deviceNodes.flatMap((node) => dispatchesOf(node, target, options.chooseFamily));
  for (const dispatch of dispatches) requireBindable(dispatch, limit);
  const buffers = allocate(plan, Object.values(outputs), context, own);
  const launches = await prepareLaunches(dispatches, context, buffers, own);
  if (options.poison !== undefined) {
    for (const value of plan.slotOf.keys()) {
      device.queue.writeBuffer(buffers.get(value)!, 0, new Float32Array(bufferBytes(value) / 4).fill(options.poison));
    }
  }
  const staging = new Map<string, GPUBuffer>();
  const { compileAhead } = context;
  const plainPace = createPace(device.queue, context.target.software);
  const pace = compileAhead ? own(withHelp(plainPace, () => compileAhead(dispatches))) : plainPace;

  // Inputs are written before the wait for the queue, so a run or reading must not begin within another's wait.
  const inTurn = createTurns();

  const hostNodes = createHostNodes(plan);
  const hostResults = allocateArrays(hostNodes.values);
  const store = (value: Value, data: HostArray) => {
    const buffer = buffers.get(value);
    if (buffer) writeRows(device, buffer, value.shape, data, value.name);
  };

  /** Writes the inputs and what the host computes from them; says how long each took. */
  function feed(inputs: InputArrays, computed?: readonly HostArray[]): Pick<RunTimes, "upload" | "hostOps"> {
    context.check();
    checkInputs(plan, inputs);
    const start = performance.now();
    if (computed) hostNodes.check(computed);
    else hostNodes.compute(inputs, hostResults);
    const hostOps = performance.now() - start;
    for (const value of plan.inputs) store(value, inputs[value.name] as HostArray);
    for (const [i, value] of hostNodes.values.entries()) store(value, (computed ?? hostResults)[i]!);
    return { hostOps, upload: performance.now() - start - hostOps };
  }

  async function submit(commands: GPUCommandBuffer): Promise<void> {
    await pace.turn();
    context.check();
    device.queue.submit([commands]);
    pace.submitted();
  }

  async function run(inputs: InputArrays, computed?: readonly HostArray[]): Promise<void> {
    feed(inputs, computed);
    await submit(encodePasses(device, [launches]));
  }

  const stopwatches = new Map<number, Stopwatch>();
  const stopwatchFor = (passes: number): Stopwatch | undefined => {
    if (!device.features.has("timestamp-query")) return undefined;
    const stopwatch = stopwatches.get(passes) ?? own(createStopwatch(device, passes));
    stopwatches.set(passes, stopwatch);
    return stopwatch;
  };

  async function measure(inputs: InputArrays, clocked: "run" | "launches", repeats = 1): Promise<RunTimes> {
    const runs = Array.from({ length: repeats }, () => launches).flat();
    const passes = clocked === "run" ? [runs] : runs.map((launch) => [launch]);
    const stopwatch = stopwatchFor(passes.length);
    const { upload, hostOps } = feed(inputs);
    const encodingAt = performance.now();
    const commands = encodePasses(device, passes, stopwatch);
    const encoding = performance.now() - encodingAt;
    await pace.idle();
    const submittedAt = performance.now();
    await submit(commands);
    await pace.idle();
    const wall = (performance.now() - submittedAt) / repeats;
    const spans = await stopwatch?.read();
    context.check();
    const times = { upload, hostOps, encoding, wall, launches: [] };
    if (spans === undefined) return times;
    const total = { ...times, device: (spans.at(-1)?.end ?? 0) / repeats };
    return clocked === "run" ? total : { ...total, launches: meanTimes(launches, spans) };
  }

  async function readAll(names: readonly string[]): Promise<HostArray[]> {
    context.check();
    const sources = names.map((name) => {
      const { shape, type } = outputNamed(outputs, name);
      return { buffer: buffers.get(outputs[name]!)!, shape, type };
    });
    const key = names.join();
    const through = staging.get(key) ?? own(createStaging(device, sources));
    staging.set(key, through);
    try {
      return await readBuffers(device, sources, through, pace.until);
    } finally {
      context.check();
    }
  }

  return {
    plan,
    dispatches: launches.length,
    families: plan.deviceNodes
      .filter((node) => node.op.families)
      .map((node) => {
        const chosen = familyOf(node, target, options.chooseFamily).name;
        const supported = supportedFamilies(node, target).map(({ name }) => name);
        return { node, chosen, picked: options.chooseFamily?.(node, target) === chosen, supported };
      }),
    run: (inputs, computed) => inTurn(() => run(inputs, computed)),
    measure: (inputs, clocked, repeats) => inTurn(() => measure(inputs, clocked, repeats)),
    read: async (output) => (await inTurn(() => readAll([output])))[0]!,
    readAll: (names) => inTurn(() => readAll(names)),
    dispose() {
      for (const made of owned) made.destroy();
    },
  };
}

function allocate(
  plan: Plan,
  outputs: readonly Value[],
  { device, parameters }: ProgramContext,
  own: (buffer: GPUBuffer) => GPUBuffer,
): Map<Value, GPUBuffer> {
  const buffers = new Map<Value, GPUBuffer>();
  for (const value of plan.parameters) buffers.set(value, parameters.bufferOf(value));
  const onDevice = new Set([...plan.deviceNodes.flatMap((node) => node.inputs), ...outputs]);
  for (const value of [...plan.inputs, ...plan.constants, ...plan.hostNodes.flatMap((node) => node.outputs)]) {
    if (!onDevice.has(value)) continue;
    const buffer = own(createStorage(device, value));
    if (value.role === "constant") writeRows(device, buffer, value.shape, value.initial!(), value.name);
    buffers.set(value, buffer);
  }
  const slots: GPUBuffer[] = [];
  for (const [value, slot] of [...plan.slotOf].sort((a, b) => bufferBytes(b[0]) - bufferBytes(a[0]))) {
    slots[slot] ??= own(createStorage(device, value));
    buffers.set(value, slots[slot]);
  }
  return buffers;
}

async function prepareLaunches(
  dispatches: readonly Dispatch[],
  { device, kernels }: ProgramContext,
  buffers: ReadonlyMap<Value, GPUBuffer>,
  own: (buffer: GPUBuffer) => GPUBuffer,
): Promise<Launch[]> {
  const pipelines = await Promise.all(dispatches.map((dispatch) => kernels.pipelineOf(dispatch)));
  const stride = 256;
  const params = dispatches.map((dispatch) => encodeParams(dispatch.params));
  const slice = Math.ceil(Math.max(16, ...params.map((bytes) => bytes.byteLength)) / stride) * stride;
  const uniforms = own(
    device.createBuffer({ size: slice * Math.max(1, dispatches.length), usage: usage.uniform | usage.copyTarget }),
  );
  // An output that nobody reads still needs something bound in its place, and no two writable bindings may overlap.
  const sink = own(device.createBuffer({ size: 16 * stride, usage: usage.storage }));
  return dispatches.map((dispatch, i) => {
    device.queue.writeBuffer(uniforms, i * slice, params[i]!);
    const entries: GPUBindGroupEntry[] = dispatch.bindings.map((binding, position) => {
      const buffer = buffers.get(binding.value);
      if (!buffer && binding.access === "read") {
        fail(
          `kernel ${dispatch.shader.name}: reads ${binding.value.name}, which nothing computes; its op must not call it unread`,
        );
      }
      const resource = buffer ? bindingOf(binding, buffer) : { buffer: sink, offset: position * stride, size: stride };
      return { binding: position + 1, resource };
    });
    if (hasParams(dispatch)) {
      entries.unshift({ binding: 0, resource: { buffer: uniforms, offset: i * slice, size: params[i]!.byteLength } });
    }
    const pipeline = pipelines[i]!;
    const bindGroup = device.createBindGroup({
      label: dispatch.shader.name,
      layout: pipeline.getBindGroupLayout(0),
      entries,
    });
    return { dispatch, pipeline, bindGroup };
  });
}
