import { fail } from "../errors.ts";
import { fromHalf, toHalf } from "../reference/half.ts";
import type { Dispatch, HostArray, Node, Tensor, Value } from "./graph.ts";
import { createHostNodes } from "./host-nodes.ts";
import { type InputArrays, interpret } from "./interpreter.ts";
import type { Plan } from "./plan.ts";
import { formatShape, type Precision, type Shape, sameShape } from "./shape.ts";

/** One kernel launch and how long it took. */
export interface LaunchTime {
  readonly dispatch: Dispatch;
  readonly milliseconds: number;
}

/** Where the time of one run went, in ms. */
export interface RunTimes {
  /** On the host before the submission: writing to buffers, ops that the host computes, encoding. */
  readonly upload: number;
  readonly hostOps: number;
  readonly encoding: number;
  /** By the host's clock, from the submission until the host knows that it is done. */
  readonly wall: number;
  /** By the device's clock, from the beginning of the first launch to the end of the last; absent without `timestamp-query`. */
  readonly device?: number;
  /** The launches in their order, where they were asked for and the device has a clock. */
  readonly launches: readonly LaunchTime[];
}

/** The families of kernels of one node. */
export interface NodeFamilies {
  readonly node: Node;
  /** The one that computes it. */
  readonly chosen: string;
  /** Whether the caller or a tuning chose it, and not the class of the adapter. */
  readonly picked: boolean;
  /** All that run on this adapter. */
  readonly supported: readonly string[];
}

/** A compiled graph: run it as often as you like, read its outputs when you need them. */
export interface Program {
  readonly plan: Plan;
  /** Kernel launches of one run; 0 on the CPU. */
  readonly dispatches: number;
  /** The nodes that have several families of kernels. */
  readonly families: readonly NodeFamilies[];
  /**
   * Writes the inputs and submits one run; resolves when the run before the last has finished, so that the queue stays short.
   * `computed` is what the host nodes of the plan would compute from the inputs, where that has been done elsewhere: an array
   * for each output of each node, in their order. It is not compared with the inputs.
   */
  run(inputs: InputArrays, computed?: readonly HostArray[]): Promise<void>;
  /**
   * Runs and says where the time went. `"run"` clocks all launches together, encoded as always; `"launches"` each of them, in
   * a pass of its own. `repeats` (default 1) puts so many runs into one submission, for kernels that take no time to speak
   * of; the device's and the wall's times are then those of one.
   */
  measure(inputs: InputArrays, clocked: "run" | "launches", repeats?: number): Promise<RunTimes>;
  /** The content of a named output after the runs submitted so far. */
  read(output: string): Promise<HostArray>;
  /** The same of several outputs, with one wait for all of them. */
  readAll(outputs: readonly string[]): Promise<HostArray[]>;
  /** Frees the buffers of this program; parameters stay. */
  dispose(): void;
}

/** The arrays that live on from run to run, shared by name between all programs that use them. */
export interface Parameters {
  readonly names: readonly string[];
  shapeOf(name: string): Shape;
  precisionOf(name: string): Precision;
  read(name: string): Promise<Float32Array>;
  write(name: string, data: Float32Array): void;
  /**
   * Puts a saved array in place before the first program asks for it; that program then does not initialise it.
   * `precision` (default `"f32"`) is that of the graph's parameter.
   */
  define(name: string, shape: Shape, data: Float32Array, precision?: Precision): void;
}

/** Parameters in the host's memory, in the precision that `rounding` says. */
export interface HostParameters extends Parameters {
  readonly arrays: Map<string, Float64Array | Float32Array>;
  adopt(value: Value): void;
}

/** `"float32"` rounds after every update, as a saved and reloaded model would; `"float64"` is for gradient checks. */
export function createHostParameters(rounding: "float32" | "float64" = "float32"): HostParameters {
  const arrays = new Map<string, Float64Array | Float32Array>();
  const kinds = new Map<string, { readonly shape: Shape; readonly precision: Precision }>();
  const find = (name: string) =>
    arrays.get(name) ?? fail(`parameters: expected one of ${[...arrays.keys()].join(", ")}; got ${name}`);
  const kindOf = (name: string) => {
    find(name);
    return kinds.get(name)!;
  };
  const define = (name: string, shape: Shape, data: Float32Array, precision: Precision = "f32") => {
    const stored = rounded(data, precision);
    arrays.set(name, rounding === "float64" ? Float64Array.from(stored) : Float32Array.from(stored));
    kinds.set(name, { shape, precision });
  };
  return {
    arrays,
    get names() {
      return [...arrays.keys()];
    },
    shapeOf: (name) => kindOf(name).shape,
    precisionOf: (name) => kindOf(name).precision,
    read: async (name) => Float32Array.from(find(name)),
    write(name, data) {
      const array = find(name);
      if (array.length !== data.length) {
        fail(
          `${name}: expected ${array.length} elements for shape ${formatShape(kindOf(name).shape)}, got ${data.length}`,
        );
      }
      array.set(rounded(data, kindOf(name).precision));
    },
    define,
    adopt(value) {
      const known = kinds.get(value.name);
      if (known === undefined) define(value.name, value.shape, value.initial!() as Float32Array, precisionOf(value));
      else requireSame(value, known);
    },
  };
}

/** The numbers as a parameter of this precision keeps them. */
function rounded(data: Float32Array, precision: Precision): Float32Array {
  return precision === "f16" ? data.map((value) => fromHalf(toHalf(value))) : data;
}

/** How the numbers of a parameter are stored. */
export const precisionOf = ({ type }: Pick<Value, "type">): Precision => (type === "f16" ? "f16" : "f32");

/** Fails unless a parameter is used in the shape and the precision it was made with. */
export function requireSame(value: Value, known: { readonly shape: Shape; readonly precision: Precision }): void {
  const { name, shape } = value;
  if (!sameShape(known.shape, shape))
    fail(`parameter ${name}: expected shape ${formatShape(known.shape)}, got ${formatShape(shape)}`);
  const precision = precisionOf(value);
  if (known.precision !== precision) fail(`parameter ${name}: expected precision ${known.precision}, got ${precision}`);
}

/** The value of an output, by its name. */
export const outputNamed = (outputs: Readonly<Record<string, Value>>, name: string): Value =>
  outputs[name] ?? fail(`read: expected one of ${Object.keys(outputs).join(", ")}; got ${name}`);

/** A program that the interpreter runs. */
export function createHostProgram(
  plan: Plan,
  outputs: Readonly<Record<string, Value>>,
  parameters: HostParameters,
): Program {
  for (const value of plan.parameters) parameters.adopt(value);
  let last: Map<Value, Tensor> | undefined;
  const hostNodes = createHostNodes(plan);
  const run = (inputs: InputArrays, computed?: readonly HostArray[]) => {
    if (computed) hostNodes.check(computed);
    last = interpret(plan, inputs, parameters.arrays, computed);
  };
  const read = (output: string): HostArray => {
    const value = outputNamed(outputs, output);
    const tensor = last?.get(value) ?? fail(`read: ${output} is there after the first run`);
    return tensor.data instanceof Uint32Array ? tensor.data.slice() : Float32Array.from(tensor.data);
  };
  return {
    plan,
    dispatches: 0,
    families: [],
    run: async (inputs, computed) => run(inputs, computed),
    async measure(inputs) {
      const start = performance.now();
      run(inputs);
      const hostOps = performance.now() - start;
      return { upload: 0, hostOps, encoding: 0, wall: 0, launches: [] };
    },
    read: async (output) => read(output),
    readAll: async (names) => names.map(read),
    dispose() {
      last = undefined;
    },
  };
}
