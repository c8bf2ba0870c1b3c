import { fail } from "../errors.ts";
import type { HostArray, Tensor, Value } from "./graph.ts";
import type { Plan } from "./plan.ts";
import { elementCount, formatShape } from "./shape.ts";

/** The arrays a run is given, by input name. */
export type InputArrays = Readonly<Record<string, Float32Array | Uint32Array | Float64Array>>;

/** Checks that every input of the plan is there with the right type and length. */
export function checkInputs(plan: Plan, inputs: InputArrays): void {
  for (const value of plan.inputs) {
    const array = inputs[value.name];
    if (array === undefined) fail(`run: expected input ${value.name}, a ${describeArray(value)}; got nothing`);
    if ((value.type === "u32") !== array instanceof Uint32Array || array.length !== elementCount(value.shape)) {
      fail(
        `run: expected input ${value.name} to be a ${describeArray(value)}; got a ${array.constructor.name} of ${array.length} elements`,
      );
    }
  }
}

const describeArray = ({ type, shape }: Value): string =>
  `${type === "u32" ? "Uint32Array" : "Float32Array"} of ${elementCount(shape)} elements, shape ${formatShape(shape)}`;

/**
 * Runs a plan on the CPU through the references, in double precision. `parameters` are read and, by updates, replaced in
 * place; their array type decides how they are rounded. `computed` holds what the host nodes make, in their order, where that
 * has been done.
 */
export function interpret(
  plan: Plan,
  inputs: InputArrays,
  parameters: ReadonlyMap<string, Float64Array | Float32Array>,
  computed?: readonly HostArray[],
): Map<Value, Tensor> {
  checkInputs(plan, inputs);
  const tensors = new Map<Value, Tensor>();
  const wide = (array: ArrayLike<number>) => (array instanceof Uint32Array ? array : Float64Array.from(array));
  const bind = (value: Value, array: ArrayLike<number>) =>
    tensors.set(value, { data: wide(array), shape: value.shape });
  for (const value of plan.inputs) bind(value, inputs[value.name]!);
  for (const value of plan.constants) bind(value, value.initial!());
  for (const value of plan.parameters)
    bind(value, parameters.get(value.name) ?? fail(`run: no parameter ${value.name}`));
  const made = plan.hostNodes.flatMap(({ outputs }) => outputs);
  for (const [i, array] of (computed ?? []).entries()) bind(made[i]!, array);
  for (const node of computed ? plan.deviceNodes : [...plan.hostNodes, ...plan.deviceNodes]) {
    const results = node.op.reference(
      node.inputs.map((input) => tensors.get(input)!),
      node.attributes,
    );
    const updated = (node.op.updates ?? []).map((position) => node.inputs[position]!);
    for (const [i, value] of [...updated, ...node.outputs].entries()) {
      const data = results[i]!;
      if (data.length !== elementCount(value.shape)) {
        fail(`${node.op.name}: the reference returned ${data.length} elements for shape ${formatShape(value.shape)}`);
      }
      if (i < updated.length) parameters.get(value.name)!.set(data);
      tensors.set(value, { data, shape: value.shape });
    }
  }
  return tensors;
}
