import { fail } from "../errors.ts";
import type { Dispatch, KernelFamily, KernelTarget, Node } from "./graph.ts";
import { type Goal, type Plan, plan } from "./plan.ts";

/** Names the family to take for a node, or leaves it to the class of the adapter. */
export type ChooseFamily = (node: Node, target: KernelTarget) => string | undefined;

/** The families of a node that run on the target; empty for an op with one set of kernels. */
export function supportedFamilies(node: Node, target: KernelTarget): readonly KernelFamily[] {
  return (node.op.families ?? []).filter(({ supports }) => supports?.(node, target) ?? true);
}

/** The family that computes a node: the chosen one where it runs, else the first that suits the target, else the first that runs. */
export function familyOf(node: Node, target: KernelTarget, choose?: ChooseFamily): KernelFamily {
  const supported = supportedFamilies(node, target);
  const chosen = choose?.(node, target);
  return (
    supported.find(({ name }) => name === chosen) ??
    supported.find(({ suits }) => suits?.(node, target) ?? true) ??
    supported[0] ??
    fail(`${node.op.name}: has no kernels for this adapter`)
  );
}

/** The launches that compute a node. */
export function dispatchesOf(node: Node, target: KernelTarget, choose?: ChooseFamily): readonly Dispatch[] {
  return node.op.kernels?.(node, target) ?? familyOf(node, target, choose).kernels(node, target);
}

/** The plan of a goal for the families that compute its nodes, without the values that none of them reads. */
export function planFamilies(goal: Goal, target: Omit<KernelTarget, "isUsed">, choose?: ChooseFamily): Plan {
  const complete = { ...target, isUsed: plan(goal).isUsed };
  return plan(goal, (node) =>
    node.op.families ? (familyOf(node, complete, choose).unread?.(node, complete) ?? []) : [],
  );
}
