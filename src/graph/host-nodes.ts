import { fail } from "../errors.ts";
import type { HostArray, HostKernel, Node, Value } from "./graph.ts";
import type { InputArrays } from "./interpreter.ts";
import type { Plan } from "./plan.ts";
import { elementCount, formatShape } from "./shape.ts";

/** The nodes of a plan that the host computes in every run, such as the row order of a sparse update. */
export interface HostNodes {
  /** What they compute, in the order of its arrays. */
  readonly values: readonly Value[];
  /** Computes all of them into arrays made for `values`; takes no memory of its own, but for ops without a host kernel. */
  compute(inputs: InputArrays, into: readonly HostArray[]): void;
  /** Fails unless there is an array of the right type and length for each value. */
  check(arrays: readonly HostArray[]): void;
}

export function createHostNodes(plan: Pick<Plan, "hostNodes">): HostNodes {
  const values = plan.hostNodes.flatMap((node) => node.outputs);
  const placeOf = new Map(values.map((value, place) => [value, place]));
  const prepare = (node: Node) => {
    const sources = node.inputs.map((value) => ({
      name: value.name,
      constant: value.role === "constant" ? value.initial!() : undefined,
      place: placeOf.get(value),
    }));
    const first = placeOf.get(node.outputs[0]!)!;
    const given: HostArray[] = [];
    const made: HostArray[] = [];
    const kernel = node.op.hostKernel?.(node) ?? byReference(node);
    return (inputs: InputArrays, into: readonly HostArray[]) => {
      for (const [i, { name, constant, place }] of sources.entries()) {
        given[i] = constant ?? (place === undefined ? (inputs[name] as HostArray) : into[place]!);
      }
      for (let i = 0; i < node.outputs.length; i++) made[i] = into[first + i]!;
      kernel(given, made);
    };
  };
  let steps: ReturnType<typeof prepare>[] | undefined;
  return {
    values,
    compute(inputs, into) {
      steps ??= plan.hostNodes.map(prepare);
      for (const step of steps) step(inputs, into);
    },
    check(arrays) {
      if (arrays.length !== values.length) fail(`run: expected ${values.length} computed arrays, got ${arrays.length}`);
      for (const [i, { type, shape, name }] of values.entries()) {
        const array = arrays[i]!;
        if ((type === "u32") === array instanceof Uint32Array && array.length === elementCount(shape)) continue;
        fail(
          `run: expected the computed ${name} as ${type} ${formatShape(shape)}; got a ${array.constructor.name} of ${array.length} elements`,
        );
      }
    },
  };
}

/** New arrays for values. */
export function allocateArrays(values: readonly Value[]): HostArray[] {
  return values.map(({ type, shape }) => new (type === "u32" ? Uint32Array : Float32Array)(elementCount(shape)));
}

/** References compute in double precision, in new memory. */
function byReference({ op, inputs, attributes }: Node): HostKernel {
  return (given, made) => {
    const tensors = inputs.map(({ type, shape }, i) => {
      const data = given[i]!;
      return { data: type === "u32" ? (data as Uint32Array) : Float64Array.from(data), shape };
    });
    for (const [i, result] of op.reference(tensors, attributes).entries()) made[i]!.set(result);
  };
}
