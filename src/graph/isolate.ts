import { Graph, type Node, type Value } from "./graph.ts";
import type { Goal } from "./plan.ts";

/** The content of values, as a run left it. */
export type Contents = ReadonlyMap<Value, Float32Array | Uint32Array>;

/** A node in a graph of its own, to be run, checked and measured alone. */
export interface IsolatedNode {
  /** The outputs in use, by their position. */
  readonly goal: Goal;
  readonly node: Node;
}

/**
 * The nodes that nobody but `node` needs, and it only for the inputs `spared`, which some of its families do without. They are
 * part of what the other families cost.
 * @param nodes all that compute the goal
 */
export function feedersOf(node: Node, spared: readonly Value[], nodes: readonly Node[], { outputs }: Goal): Node[] {
  const kept = Object.values(outputs);
  const readByOthers = (value: Value) =>
    kept.includes(value) || nodes.some((other) => other !== node && other.inputs.includes(value));
  const feeders = spared.flatMap(({ node: feeder }) => feeder ?? []);
  return [...new Set(feeders)].filter(({ op, outputs }) => !op.host && !outputs.some(readByOthers));
}

/** What nodes read that none of them computes. */
export function outerInputs(nodes: readonly Node[]): Value[] {
  const computed = new Set(nodes.flatMap((node) => node.outputs));
  return [...new Set(nodes.flatMap((node) => node.inputs))].filter((value) => !computed.has(value));
}

/** Copies a node and its feeders into a graph of their own, where what they read from outside is constant. */
export function isolate(
  node: Node,
  feeders: readonly Node[],
  contents: Contents,
  isUsed: (value: Value) => boolean,
): IsolatedNode {
  const graph = new Graph();
  const copies = new Map<Value, Value>();
  for (const [i, value] of outerInputs([...feeders, node]).entries()) {
    copies.set(value, graph.constant(`input ${i}`, value.shape, contents.get(value)!));
  }
  const copy = ({ op, inputs, outputs, attributes }: Node) => {
    const made = graph.node(
      op,
      inputs.map((input) => copies.get(input)!),
      attributes,
    );
    for (const [i, output] of outputs.entries()) copies.set(output, made.outputs[i]!);
    return made;
  };
  for (const feeder of feeders) copy(feeder);
  const isolated = copy(node);
  const used = node.outputs.flatMap((output, i) => (isUsed(output) ? [[`${i}`, isolated.outputs[i]!] as const] : []));
  return { goal: { outputs: Object.fromEntries(used) }, node: isolated };
}
