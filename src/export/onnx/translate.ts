import { fail } from "../../errors.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { plan } from "../../graph/plan.ts";
import type { Arrays, StoredArray } from "../../models/arrays.ts";
import { toHalves } from "../../reference/half.ts";
import { type Builder, type Converter, tensorOf } from "./builder.ts";
import { capsuleConverters } from "./capsules.ts";
import { idConverters } from "./ids.ts";
import { routingConverters } from "./routing.ts";
import { rowConverters } from "./rows.ts";
import { scoreConverters } from "./scores.ts";
import { sequenceConverters } from "./sequences.ts";

const converters = new Map<string, Converter<never>>(
  Object.entries({
    ...rowConverters,
    ...idConverters,
    ...sequenceConverters,
    ...routingConverters,
    ...scoreConverters,
    ...capsuleConverters,
  }),
);

/** The ops that can be translated. */
export const translatedOps = [...converters.keys()];

/** The names that values of our graph have in the ONNX graph. */
export interface Translation {
  /** The graph's inputs that are needed. */
  readonly inputs: readonly Value[];
  nameOf(value: Value): string;
}

/** Adds to an ONNX graph all that the wanted values follow from; our graph is one of a batch of 1. */
export function translate(builder: Builder, wanted: Readonly<Record<string, Value>>, parameters: Arrays): Translation {
  const { inputs, parameters: read, constants, hostNodes, deviceNodes } = plan({ outputs: wanted });
  const nodes = wholeOrder([...hostNodes, ...deviceNodes]);
  const missing = nodes.find(({ op }) => !converters.has(op.name));
  if (missing) fail(`ONNX: there is no converter of the op ${missing.op.name}, which this model needs`);
  const names = new Map<Value, string>();
  for (const value of inputs) names.set(value, value.name);
  for (const value of constants) names.set(value, builder.tensor(tensorOf(value.name, value, value.initial!())));
  const tables = new Set(
    nodes.filter(({ op }) => op.name in { gather: 0, embeddingBag: 0 }).map(({ inputs: [t] }) => t),
  );
  for (const value of read) {
    const array = parameters.get(value.name) ?? fail(`ONNX: the model has no parameter ${value.name}`);
    names.set(value, addParameter(builder, value, array, tables.has(value)));
  }
  const nameOf = (value: Value) => names.get(value) ?? fail(`ONNX: nothing computes ${value.name}`);
  for (const node of nodes) {
    const made = converters.get(node.op.name)!(builder, node.inputs.map(nameOf), node as Node<never>);
    for (const [i, name] of [made].flat().entries()) names.set(node.outputs[i]!, name);
  }
  return { inputs, nameOf };
}

/** Host nodes and device nodes in one order of work: that in which the graph was built. */
const wholeOrder = (nodes: readonly Node[]): Node[] =>
  nodes.toSorted((a, b) => a.outputs[0]!.index - b.outputs[0]!.index);

/** Row 0 of a table is what id 0, padding, is looked up as: zeros. */
function addParameter(builder: Builder, { name, shape, type }: Value, { data }: StoredArray, isTable: boolean): string {
  const values = isTable ? Float32Array.from(data) : (data as Float32Array);
  if (isTable) values.fill(0, 0, shape.at(-1)!);
  return builder.tensor(
    type === "f16" ? { name, shape, type: "f16", data: toHalves(values) } : { name, shape, type: "f32", data: values },
  );
}
