import { createCaller } from "./calls.ts";
import type { AdapterChoice, DeviceDescription, OwnDevice } from "./device/adapter.ts";
import { createKernelCache } from "./device/kernel.ts";
import { createDeviceParameters } from "./device/parameters.ts";
import { createDeviceProgram, type ProgramContext, type ProgramOptions } from "./device/program.ts";
import { type TuneOptions, type Tuning, tune } from "./device/tuner.ts";
import { deviceTimer } from "./device/tuner-contest.ts";
import { fail } from "./errors.ts";
import { type Goal, plan } from "./graph/plan.ts";
import { createHostParameters, createHostProgram, type Parameters, type Program } from "./graph/program.ts";
import { chooseFrom, type TunedChoice } from "./graph/tuning.ts";
import { createPlainOps, type PlainOps } from "./plain-ops.ts";

export interface EngineOptions {
  /** A `GPUDevice` of your own; the engine then does not look for one. */
  readonly device?: OwnDevice;
  /** Which adapter to use; default `"auto"`. `"cpu"` runs the references, slowly and without a GPU. */
  readonly adapter?: AdapterChoice | "cpu";
  /**
   * Choices of {@link Engine.tune}, or the file in which `saveTuning` keeps them: programs then use the kernels that were chosen
   * for their ops and shapes on this adapter. By default the class of the adapter decides, so that the bits stay the same from
   * machine to machine of a class.
   */
  readonly tuning?: readonly TunedChoice[] | string;
}

/** What to compile, or to tune: a goal and the parameters that it shares with others. */
export type EngineGoal = Goal & { readonly parameters?: Parameters };

/** Compiles graphs for one adapter, and offers the kernels as plain calls. */
export interface Engine extends PlainOps {
  readonly description: DeviceDescription | { readonly kind: "cpu"; readonly name: string };
  /** A fresh, empty set of parameters; programs compiled with the same set share what they train. */
  createParameters(): Parameters;
  /** Plans the goal, makes its pipelines and buffers once, and returns the program to replay. */
  compile(goal: EngineGoal & ProgramOptions): Promise<Program>;
  /** The tuned choices that its programs heed: of those it was given, the ones made on this adapter. */
  readonly tuning: readonly TunedChoice[];
  /**
   * Checks every kernel family of the goal's ops against the references, on an example of the inputs, and measures those that
   * agree. The choices hold for the same ops with the same shapes on this adapter, and change nothing until given to
   * `createEngine`.
   */
  tune(goal: EngineGoal, options?: TuneOptions): Promise<Tuning>;
  /** Why it computes no more: its device was lost, or reported an error between calls. Undefined while all is well. */
  problem(): string | undefined;
  /** Frees the device, if the engine made it. */
  dispose(): void;
}

/** Finds an adapter (see {@link EngineOptions.adapter}) and makes an engine for it. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { device: own, adapter: choice } = options;
  if (choice === "cpu") return createHostEngine();
  const { acquireDevice, identityOf, isSoftware } = await import("./device/adapter.ts");
  const { compilesOnDispatch, createCompileAhead } = await import("./device/compile-ahead.ts");
  const given = await readTuning(options.tuning);
  const acquired = await acquireDevice({ device: own, adapter: choice });
  const { device, description } = acquired;
  const kernels = createKernelCache(device);
  const problem = watch(device);
  const check = () => {
    const found = problem();
    if (found !== undefined) fail(found);
  };
  const target: ProgramContext["target"] = {
    software: isSoftware(device.adapterInfo),
    subgroupSize: fixedSubgroupSize(device),
    workgroupStorageBytes: device.limits.maxComputeWorkgroupStorageSize,
    storageBuffers: device.limits.maxStorageBuffersPerShaderStage,
  };
  const compileAhead =
    own === undefined && compilesOnDispatch(device.adapterInfo)
      ? createCompileAhead(() => acquireDevice({ adapter: choice }))
      : undefined;
  const adapter = identityOf(device.adapterInfo);
  const tuning = given.filter((choice) => choice.adapter === adapter);
  const chooseFamily = chooseFrom(tuning);
  const { createParameters, storeOf } = parameterStores(() => createDeviceParameters(device));
  const compile: Engine["compile"] = async ({ outputs, updates, parameters = createParameters(), ...options }) => {
    const store = storeOf(parameters);
    check();
    const context: ProgramContext = { device, kernels, parameters: store, target, check, compileAhead };
    return withErrors(device, () => createDeviceProgram({ outputs, updates }, context, { chooseFamily, ...options }));
  };
  return {
    description,
    createParameters,
    compile,
    tuning,
    tune: ({ outputs, updates, parameters = createParameters() }, options = {}) =>
      tune({ outputs, updates }, options, {
        adapter,
        target: { ...target, tableWindowBytes: device.limits.maxStorageBufferBindingSize },
        compile: (goal) => compile({ ...goal, parameters }),
        timer: deviceTimer,
      }),
    problem,
    dispose: () => acquired.release(),
    ...createPlainOps(createCaller(compile)),
  };
}

function createHostEngine(): Engine {
  const { createParameters, storeOf } = parameterStores(() => createHostParameters());
  const compile: Engine["compile"] = async ({ outputs, updates, parameters = createParameters() }) => {
    const store = storeOf(parameters);
    return createHostProgram(plan({ outputs, updates }), outputs, store);
  };
  const description = { kind: "cpu", name: "CPU references in double precision" } as const;
  return {
    description,
    createParameters,
    compile,
    tuning: [],
    tune: async () =>
      fail("tune: the references on the CPU are no kernels to choose among; use a GPU or software adapter"),
    problem: () => undefined,
    dispose() {},
    ...createPlainOps(createCaller(compile)),
  };
}

/** Files are read in Node only. */
async function readTuning(tuning: EngineOptions["tuning"]): Promise<readonly TunedChoice[]> {
  if (typeof tuning !== "string") return tuning ?? [];
  const { loadTuning } = await import("./device/tuning-file.ts");
  return loadTuning(tuning);
}

/** Makes parameters and tells those made here from others. */
function parameterStores<Store extends Parameters>(create: () => Store) {
  const stores = new WeakMap<Parameters, Store>();
  const createParameters = () => {
    const store = create();
    stores.set(store, store);
    return store;
  };
  const storeOf = (parameters: Parameters) =>
    stores.get(parameters) ?? fail("compile: expected parameters made by this engine's createParameters()");
  return { createParameters, storeOf };
}

/** Fails with what the device reports while the work is done; the scopes close even where the work itself fails. */
async function withErrors<T>(device: GPUDevice, work: () => Promise<T>): Promise<T> {
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const done = await Promise.allSettled([work()]);
  const reported = [await device.popErrorScope(), await device.popErrorScope()];
  if (done[0].status === "rejected") throw done[0].reason;
  const error = reported.find((found) => found !== null);
  if (error) fail(`compile: ${error.message.split("\n")[0]}`);
  return done[0].value;
}

/** The number of invocations in a subgroup, or 0 where there are none or their size varies. */
function fixedSubgroupSize({ features, adapterInfo }: GPUDevice): number {
  const { subgroupMinSize, subgroupMaxSize } = adapterInfo;
  return features.has("subgroups") && subgroupMinSize === subgroupMaxSize ? (subgroupMinSize ?? 0) : 0;
}

/** Remembers what went wrong on the device between calls. */
function watch(device: GPUDevice): () => string | undefined {
  let problem: string | undefined;
  device.lost.then((info) => {
    problem = `the GPU device was lost (${info.reason}): ${info.message.split("\n")[0]}; make a new engine and go on from what was saved`;
  });
  device.addEventListener("uncapturederror", (event) => {
    problem ??= `the GPU reported an error: ${(event as GPUUncapturedErrorEvent).error.message.split("\n")[0]}`;
  });
  return () => problem;
}
