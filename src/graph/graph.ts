import { fail } from "../errors.ts";
import { type DataType, elementCount, formatShape, type Precision, type Shape } from "./shape.ts";

/** A named, shaped array that a graph computes, reads or keeps. */
export interface Value {
  readonly graph: Graph;
  readonly index: number;
  readonly name: string;
  readonly type: DataType;
  readonly shape: Shape;
  readonly role: "input" | "parameter" | "constant" | "computed";
  /** The node that computes it, for `computed` values. */
  readonly node?: Node;
  /** First content of a parameter, or the content of a constant. */
  readonly initial?: () => Float32Array | Uint32Array;
  /** Whether gradients of this parameter are wanted by default; optimizer moments are not. */
  readonly trainable?: boolean;
}

/** An array as the references see it: dense, and in double precision where the value is `f32` or `f16`. */
export interface Tensor {
  readonly data: Float64Array | Uint32Array;
  readonly shape: Shape;
}

/** An array as a device gets it: dense, and in single precision where the value is `f32`. */
export type HostArray = Float32Array | Uint32Array;

/** Computes a node on the host: from the arrays of its inputs into those of its outputs. */
export type HostKernel = (inputs: readonly HostArray[], outputs: readonly HostArray[]) => void;

export interface OutputSpec {
  readonly shape: Shape;
  readonly type?: DataType;
  readonly name?: string;
}

/** Rows of a table's gradient: row `ids[i]` receives `rows[floor(i / fanOut)]`, where `fanOut = |ids| / |rows|`; id 0 receives nothing. */
export interface RowGradientPart {
  readonly ids: Value;
  readonly rows: Value;
}

/** The gradient of one input: dense, or given by rows where only few rows of a table were read. */
export type Gradient = Value | { readonly parts: readonly RowGradientPart[] };

/** A `.wgsl` file: its stem and its text. */
export interface Shader {
  readonly name: string;
  readonly code: string;
}

/** One member of a kernel's uniform `Params` struct. */
export interface Scalar {
  readonly type: "u32" | "f32";
  readonly value: number;
}

export interface Binding {
  readonly value: Value;
  readonly access: "read" | "write";
  /** The bytes that the kernel sees; default: the whole value. */
  readonly part?: { readonly offset: number; readonly bytes: number };
}

/**
 * One kernel launch as data. `@binding(0)` is the uniform `params`, whose members are `params` in this order; the storage
 * bindings follow from `@binding(1)`. A kernel without params starts at `@binding(1)` all the same.
 */
export interface Dispatch {
  readonly shader: Shader;
  readonly params: Readonly<Record<string, Scalar>>;
  readonly bindings: readonly Binding[];
  /** Values of the shader's `override` declarations. */
  readonly constants?: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
}

/** What a kernel may use on the adapter at hand. */
export interface KernelTarget {
  /** True for lavapipe and SwiftShader, whose laws of speed are the opposite of a GPU's. */
  readonly software: boolean;
  /** Invocations of a subgroup where the adapter has subgroups of one size only, else 0. */
  readonly subgroupSize: number;
  readonly workgroupStorageBytes: number;
  /** Most storage buffers that a kernel may bind; 8 on every adapter, often more. */
  readonly storageBuffers: number;
  /** Most bytes of a table that a kernel sees at once; it goes through a larger one window by window. */
  readonly tableWindowBytes: number;
  /** Whether anyone reads the value; an op need not write an output that nobody reads. */
  isUsed(value: Value): boolean;
}

/** One of several sets of kernels that compute the same op, written for one class of adapters. */
export interface KernelFamily<Attributes = unknown> {
  readonly name: string;
  /** Whether the kernels run on the target at all; default: everywhere. */
  supports?(node: Node<Attributes>, target: KernelTarget): boolean;
  /** Whether it is the choice for the target where nobody chose; default: it is. */
  suits?(node: Node<Attributes>, target: KernelTarget): boolean;
  /** Inputs that these kernels do without; what nobody else reads is then not computed. */
  unread?(node: Node<Attributes>, target: KernelTarget): readonly Value[];
  kernels(node: Node<Attributes>, target: KernelTarget): readonly Dispatch[];
}

/** One kind of operation: its shape rule, its gradient, its reference and its kernels, seen whole in one file of `src/ops`. */
export interface Op<Attributes = unknown> {
  readonly name: string;
  /** Host ops run on the CPU, before the device starts: their inputs must be inputs or constants. */
  readonly host?: boolean;
  /** For host ops that run in every step: makes what computes a node into the same memory each time; default: the reference does. */
  hostKernel?(node: Node<Attributes>): HostKernel;
  /** Positions of inputs whose content the op replaces; the reference returns their new content before its outputs. */
  readonly updates?: readonly number[];
  /** Positions of inputs that may be tables in half precision; no other op reads these. */
  readonly halves?: readonly number[];
  outputs(inputs: readonly Value[], attributes: Attributes): readonly OutputSpec[];
  /** Positions of outputs that the kernels work in: they have memory even where nobody reads them. */
  readonly workspace?: readonly number[];
  /** Device memory the kernels need beside their outputs. */
  scratch?(inputs: readonly Value[], attributes: Attributes): readonly OutputSpec[];
  /** One gradient for each input, `null` where none flows; `upstream` holds `null` for outputs nobody differentiates. */
  gradient?(node: Node<Attributes>, upstream: readonly (Value | null)[]): readonly (Gradient | null)[];
  reference(inputs: readonly Tensor[], attributes: Attributes): readonly (Float64Array | Uint32Array)[];
  kernels?(node: Node<Attributes>, target: KernelTarget): readonly Dispatch[];
  /** In place of `kernels`: several sets of them, of which the adapter, a tuner or a test picks one. */
  readonly families?: readonly KernelFamily<Attributes>[];
}

/** One application of an op. */
export interface Node<Attributes = unknown> {
  readonly op: Op<Attributes>;
  readonly attributes: Attributes;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly scratch: readonly Value[];
}

export interface ParameterOptions {
  /** Default true. */
  readonly trainable?: boolean;
  /**
   * `"f16"` stores a table `[rows, d]` in half the bytes. It is read by `gather` and `embeddingBag`, which compute in float32,
   * and moved by `adamRows`. Default `"f32"`.
   */
  readonly precision?: Precision;
}

/** Fills a parameter: gets the shape, returns its first content. */
export type Initializer = (shape: Shape) => Float32Array;

/** A model as data: values and the nodes that compute them, in an order in which they can run. */
export class Graph {
  readonly values: Value[] = [];
  readonly nodes: Node[] = [];
  readonly #names = new Set<string>();

  /** An array that each run is given, of fixed shape. */
  input(name: string, type: "f32" | "u32", shape: Shape): Value {
    if (type !== "f32" && type !== "u32") fail(`input ${name}: expected type f32 or u32, got ${type}`);
    return this.#value({ name: this.#unique(name), type, shape, role: "input" });
  }

  /** An array that lives on the device from run to run and that only updates change. */
  parameter(name: string, shape: Shape, initial: Initializer, options: ParameterOptions = {}): Value {
    const { trainable = true, precision = "f32" } = options;
    if (precision === "f16" && shape.length !== 2)
      fail(`parameter ${name}: expected a table [rows, d] for precision f16, got ${formatShape(shape)}; leave it f32`);
    return this.#value({
      name: this.#unique(name),
      type: precision,
      shape,
      role: "parameter",
      initial: () => initial(shape),
      trainable,
    });
  }

  /** An array that never changes. */
  constant(name: string, shape: Shape, data: Float32Array | Uint32Array): Value {
    if (data.length !== elementCount(shape)) {
      fail(
        `constant ${name}: expected ${elementCount(shape)} elements for shape ${formatShape(shape)}, got ${data.length}`,
      );
    }
    const type = data instanceof Uint32Array ? "u32" : "f32";
    return this.#value({ name: this.#unique(name), type, shape, role: "constant", initial: () => data });
  }

  /** Applies an op and returns its outputs. */
  apply<Attributes>(op: Op<Attributes>, inputs: readonly Value[], attributes: Attributes): readonly Value[] {
    return this.node(op, inputs, attributes).outputs;
  }

  /** Applies an op and returns the node itself, which is what an update of parameters is named by. */
  node<Attributes>(op: Op<Attributes>, inputs: readonly Value[], attributes: Attributes): Node {
    for (const [position, input] of inputs.entries()) {
      if (input.graph !== this) fail(`${op.name}: input ${input.name} belongs to another graph`);
      if (input.type === "f16" && !op.halves?.includes(position)) {
        fail(
          `${op.name}: expected numbers in float32, got the f16 table ${input.name} ${formatShape(input.shape)}; gather its rows first`,
        );
      }
    }
    const outputs: Value[] = [];
    const scratch: Value[] = [];
    const node = { op, attributes, inputs, outputs, scratch } as Node;
    const position = this.nodes.push(node) - 1;
    const add = (spec: OutputSpec, label: string) =>
      this.#value({ name: spec.name ?? label, type: spec.type ?? "f32", shape: spec.shape, role: "computed", node });
    for (const [i, spec] of op.outputs(inputs, attributes).entries())
      outputs.push(add(spec, `${op.name}.${position}.${i}`));
    for (const [i, spec] of (op.scratch?.(inputs, attributes) ?? []).entries()) {
      scratch.push(add(spec, `${op.name}.${position}.scratch${i}`));
    }
    return node;
  }

  #value(parts: Omit<Value, "graph" | "index">): Value {
    for (const size of parts.shape) {
      if (!Number.isInteger(size) || size < 1)
        fail(`${parts.name}: expected sizes of at least 1, got ${formatShape(parts.shape)}`);
    }
    const value: Value = { graph: this, index: this.values.length, ...parts };
    this.values.push(value);
    return value;
  }

  #unique(name: string): string {
    if (this.#names.has(name))
      fail(`graph: the name ${name} is taken; names of inputs, parameters and constants are unique`);
    this.#names.add(name);
    return name;
  }
}

/** The graph's trainable parameters, in order of creation. */
export function trainableParameters(graph: Graph): Value[] {
  return graph.values.filter((value) => value.role === "parameter" && value.trainable);
}
