import { type ChooseFamily, supportedFamilies } from "./families.ts";
import type { KernelFamily, KernelTarget, Node } from "./graph.ts";
import { formatShape } from "./shape.ts";

/** Which family of kernels was measured to be the best for one op of one shape on one adapter. */
export interface TunedChoice {
  /** The adapter with its driver. */
  readonly adapter: string;
  /** The op, its attributes, the types and shapes of its inputs, and the outputs in use. */
  readonly signature: string;
  /** A hash of all launches among which the choice was made; where kernels have changed since, it is stale. */
  readonly kernels: string;
  readonly family: string;
}

/** What nodes have in common that the same choice serves. */
export function signatureOf({ op, attributes, inputs, outputs }: Node, target: KernelTarget): string {
  const taken = inputs.map(({ type, shape }) => type + formatShape(shape)).join(" ");
  const used = outputs.flatMap((output, i) => (target.isUsed(output) ? [i] : [])).join(" ");
  return `${op.name} ${JSON.stringify(attributes ?? {})}: ${taken} -> ${used}`;
}

/** A hash of whatever the supported families of a node launch. */
export function kernelsOf(node: Node, target: KernelTarget): string {
  return hashOf(
    supportedFamilies(node, target)
      .map((family) => `${family.name}: ${describeLaunches(family, node, target)}`)
      .join("\n"),
  );
}

function describeLaunches(family: KernelFamily, node: Node, target: KernelTarget): string {
  try {
    const launches = family.kernels(node, target);
    return JSON.stringify(
      launches.map(({ shader, constants, params, workgroups, bindings }) => [
        ...[shader.code, constants, params, workgroups],
        bindings.map(({ access, part }) => [access, part]),
      ]),
    );
  } catch (error) {
    // A family may refuse sizes only when asked for its launches.
    return String(error);
  }
}

/** 64 bits after FNV-1a: they find kernels that have changed, nobody forges them. */
function hashOf(text: string): string {
  let [a, b] = [0x811c9dc5, 0xcbf29ce4];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x01000193) + (b >>> 7);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/**
 * Picks families by the choices made on one adapter, for `compile`; other ops, and those whose choice is stale, are left to the
 * adapter's class. `createEngine` with `tuning` does the same for all that an engine compiles.
 */
export function chooseFrom(choices: readonly TunedChoice[]): ChooseFamily {
  const bySignature = new Map(choices.map((choice) => [choice.signature, choice]));
  return (node, target) => {
    const choice = bySignature.size > 0 ? bySignature.get(signatureOf(node, target)) : undefined;
    return choice !== undefined && choice.kernels === kernelsOf(node, target) ? choice.family : undefined;
  };
}
