import { fail } from "../errors.ts";
import type { Graph, Node, Value } from "./graph.ts";
import { bufferElements } from "./shape.ts";

/** What a compiled graph must compute: named outputs, and nodes that update parameters after everything else has run. */
export interface Goal {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly updates?: readonly Node[];
}

/** The order of work and the place of every value. */
export interface Plan {
  readonly graph: Graph;
  readonly inputs: readonly Value[];
  readonly parameters: readonly Value[];
  readonly constants: readonly Value[];
  /** Nodes whose reference runs on the host before the device starts. */
  readonly hostNodes: readonly Node[];
  readonly deviceNodes: readonly Node[];
  /** Bytes of each shared buffer, and which one a computed device value lives in. */
  readonly slotBytes: readonly number[];
  readonly slotOf: ReadonlyMap<Value, number>;
  isUsed(value: Value): boolean;
}

/**
 * Finds the nodes that the goal needs, orders updates last and lets values that are never alive together share a buffer.
 * @param unread inputs that a node's kernels do without
 */
export function plan(goal: Goal, unread: (node: Node) => readonly Value[] = () => []): Plan {
  const updates = goal.updates ?? [];
  const kept = Object.values(goal.outputs);
  const graph =
    kept[0]?.graph ?? updates[0]?.inputs[0]?.graph ?? fail("compile: expected at least one output or update");
  const used = new Set<Value>(kept);
  const needed = new Set<Node>(updates);
  const isUpdate = new Set(updates);
  const readsOf = (node: Node) => {
    const without = unread(node);
    return node.inputs.filter((input) => !without.includes(input));
  };
  for (const node of updates) for (const input of readsOf(node)) used.add(input);
  for (const node of graph.nodes.toReversed()) {
    if (isUpdate.has(node) || !node.outputs.some((output) => used.has(output))) continue;
    needed.add(node);
    for (const input of readsOf(node)) used.add(input);
  }
  const ordered = [...graph.nodes.filter((node) => needed.has(node) && !isUpdate.has(node)), ...updates];
  const hostNodes = ordered.filter((node) => node.op.host);
  const deviceNodes = ordered.filter((node) => !node.op.host);
  for (const node of hostNodes) {
    const onDevice = node.inputs.find((input) => input.role === "parameter" || (input.node && !input.node.op.host));
    if (onDevice)
      fail(`${node.op.name}: expected inputs known on the host, got ${onDevice.name}, which the device computes`);
  }
  const withRole = (role: Value["role"]) => graph.values.filter((value) => value.role === role && used.has(value));
  return {
    graph,
    inputs: withRole("input"),
    parameters: withRole("parameter"),
    constants: withRole("constant"),
    hostNodes,
    deviceNodes,
    ...placeValues(deviceNodes, new Set(kept), used),
    isUsed: (value) => used.has(value),
  };
}

/** Greedy slots: a value takes the free buffer that fits best; a buffer is free again after its value's last reader. */
function placeValues(nodes: readonly Node[], kept: ReadonlySet<Value>, used: ReadonlySet<Value>) {
  const lastReader = new Map<Value, number>();
  for (const [position, node] of nodes.entries()) for (const input of node.inputs) lastReader.set(input, position);
  const slotBytes: number[] = [];
  const slotOf = new Map<Value, number>();
  const free = new Set<number>();
  const take = (value: Value) => {
    const bytes = bufferElements(value.shape, value.type) * 4;
    const waste = (slot: number) => Math.abs(slotBytes[slot]! - bytes);
    const best = [...free].sort((a, b) => waste(a) - waste(b) || a - b)[0];
    const slot = best ?? slotBytes.push(0) - 1;
    free.delete(slot);
    slotBytes[slot] = Math.max(slotBytes[slot]!, bytes);
    slotOf.set(value, slot);
  };
  for (const [position, node] of nodes.entries()) {
    const isPlaced = (output: Value, i: number) => used.has(output) || node.op.workspace?.includes(i);
    const produced = [...node.outputs.filter(isPlaced), ...node.scratch];
    produced.forEach(take);
    const dying = new Set([...node.inputs, ...produced].filter((value) => (lastReader.get(value) ?? -1) <= position));
    for (const value of dying) {
      const slot = slotOf.get(value);
      if (slot !== undefined && !kept.has(value)) free.add(slot);
    }
  }
  return { slotBytes, slotOf };
}
