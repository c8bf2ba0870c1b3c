import type { HostArray, Value } from "../../graph/graph.ts";
import type { dataTypes } from "./types.ts";

/** A whole number or several that an operator is given beside its inputs. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** An array that is part of the model. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: keyof typeof dataTypes;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array | Uint16Array;
}

/** Gathers the nodes and arrays of an ONNX graph. Values are names; every method returns that of what it adds. */
export interface Builder {
  readonly nodes: readonly OnnxNode[];
  /** Those that a node reads. */
  readonly tensors: readonly OnnxTensor[];
  /** Applies an operator of one output. */
  apply(operator: string, inputs: readonly string[], attributes?: Attributes): string;
  /** Applies an operator of several. */
  applyAll(operator: string, inputs: readonly string[], outputs: number, attributes?: Attributes): string[];
  /** Gives a value a name of its own, by which it can be asked for. */
  output(value: string, name: string): void;
  /** A constant of whole numbers, kept once; default shape: a list. */
  ints(values: readonly number[], shape?: readonly number[]): string;
  float(value: number): string;
  /** Adds an array unless one of that name is there. */
  tensor(tensor: OnnxTensor): string;
}

export function createBuilder(): Builder {
  const nodes: OnnxNode[] = [];
  const tensors = new Map<string, OnnxTensor>();
  const tensor = (given: OnnxTensor) => {
    if (!tensors.has(given.name)) tensors.set(given.name, given);
    return given.name;
  };
  const applyAll: Builder["applyAll"] = (operator, inputs, count, attributes = {}) => {
    const outputs = Array.from({ length: count }, (_, i) => `${operator}.${nodes.length}${count > 1 ? `.${i}` : ""}`);
    nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  };
  return {
    nodes,
    get tensors() {
      const used = new Set(nodes.flatMap(({ inputs }) => inputs));
      return [...tensors.values()].filter(({ name }) => used.has(name));
    },
    apply: (operator, inputs, attributes) => applyAll(operator, inputs, 1, attributes)[0]!,
    applyAll,
    output(value, name) {
      nodes.push({ operator: "Identity", inputs: [value], outputs: [name], attributes: {} });
    },
    ints(values, shape = [values.length]) {
      const name = `ints.${shape.join("x")}.${values.join(".")}`;
      return tensor({ name, type: "int64", shape, data: BigInt64Array.from(values, BigInt) });
    },
    float: (value) => tensor({ name: `float.${value}`, type: "f32", shape: [], data: Float32Array.of(value) }),
    tensor,
  };
}

/** A constant's content as ONNX takes it: ids are 64 bits wide there. */
export const tensorOf = (name: string, { shape }: Pick<Value, "shape">, data: HostArray): OnnxTensor =>
  data instanceof Uint32Array
    ? { name, type: "int64", shape, data: BigInt64Array.from(data, BigInt) }
    : { name, type: "f32", shape, data };

/**
 * Adds the nodes that compute the outputs of one of our nodes, or the first of them, given the names of its inputs. The first size of everything that
 * depends on an input is the batch: 1 in our shapes, and any number when the model runs.
 */
export type Converter<Attribute = unknown> = (
  builder: Builder,
  inputs: readonly string[],
  node: { readonly inputs: readonly Value[]; readonly outputs: readonly Value[]; readonly attributes: Attribute },
) => string | readonly string[];

/** The numbers from 0 to `count`, not included. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
