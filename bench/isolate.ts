// Cuts a part out of a graph, with everything it depends on given as constants, so that it can be run and timed alone.
import type { Engine } from "../src/engine.ts";
import { Graph, type Node, type Value } from "../src/graph/graph.ts";
import { interpret } from "../src/graph/interpreter.ts";
import { type Goal, plan } from "../src/graph/plan.ts";
import { precisionOf } from "../src/graph/program.ts";

type Content = Float32Array | Uint32Array;

/**
 * The part of a goal that lies beyond `isGiven`, in a graph of its own. What given nodes compute is computed once, on the
 * engine's device, and becomes constants; so does what host ops compute.
 */
export async function isolate(engine: Engine, goal: Goal, isGiven: (node: Node) => boolean): Promise<Goal> {
  const isConstant = (value: Value) => value.node !== undefined && (value.node.op.host === true || isGiven(value.node));
  const contents = await contentsOf(engine, boundary(goal, isConstant));
  const graph = new Graph();
  const copies = new Map<Value, Value>();
  const nodes = new Map<Node, Node>();
  const copyNode = (node: Node): Node => {
    let copied = nodes.get(node);
    if (copied === undefined) {
      copied = graph.node(node.op, node.inputs.map(copyValue), node.attributes);
      nodes.set(node, copied);
    }
    return copied;
  };
  const copyValue = (value: Value): Value => {
    let copied = copies.get(value);
    if (copied === undefined) {
      const { name, shape, node, role } = value;
      const content = contents.get(value) ?? (role === "constant" ? value.initial!() : undefined);
      if (content !== undefined) copied = graph.constant(name, shape, content);
      else if (role === "parameter")
        copied = graph.parameter(name, shape, () => value.initial!() as Float32Array, {
          precision: precisionOf(value),
        });
      else copied = copyNode(node!).outputs[node!.outputs.indexOf(value)]!;
      copies.set(value, copied);
    }
    return copied;
  };
  const outputs = Object.entries(goal.outputs).map(([name, value]) => [name, copyValue(value)] as const);
  return { outputs: Object.fromEntries(outputs), updates: (goal.updates ?? []).map(copyNode) };
}

/** The constant values that the rest of the goal reads. */
function boundary(goal: Goal, isConstant: (value: Value) => boolean): Value[] {
  const seen = new Set<Value>();
  const open = [...Object.values(goal.outputs), ...(goal.updates ?? []).flatMap((node) => node.inputs)];
  const found: Value[] = [];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (isConstant(value)) found.push(value);
    else open.push(...(value.node?.inputs ?? []));
  }
  return found;
}

async function contentsOf(engine: Engine, values: readonly Value[]): Promise<Map<Value, Content>> {
  const contents = new Map<Value, Content>();
  const onHost = values.filter((value) => value.node!.op.host);
  const onDevice = values.filter((value) => !value.node!.op.host);
  if (onHost.length > 0) {
    const tensors = interpret(plan({ outputs: named(onHost) }), {}, new Map());
    for (const value of onHost) {
      const { data } = tensors.get(value)!;
      contents.set(value, data instanceof Uint32Array ? data : Float32Array.from(data));
    }
  }
  if (onDevice.length > 0) {
    const program = await engine.compile({ outputs: named(onDevice) });
    await program.run({});
    for (const value of onDevice) contents.set(value, await program.read(value.name));
    program.dispose();
  }
  return contents;
}

const named = (values: readonly Value[]) => Object.fromEntries(values.map((value) => [value.name, value]));
