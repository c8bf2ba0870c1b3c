import shader from "../../shaders/route.wgsl";
import subgroupShader from "../../shaders/route_subgroup.wgsl";
import workgroupShader from "../../shaders/route_workgroup.wgsl";
import { fail } from "../errors.ts";
import { gridOf, read, roundedLength, u32, write } from "../graph/dispatch.ts";
import type { Binding, Dispatch, KernelFamily, KernelTarget, Node, Value } from "../graph/graph.ts";
import { lastDimension } from "../graph/shape.ts";
import type { RouteRule, RouteShape } from "../reference/route.ts";
import { isShownWhole } from "./gather.ts";

const quads = (width: number) => Math.ceil(width / 4);

/** The inputs of a routing node by name; `norms` are there for cosine, `table` and `ids` where behaviours were gathered. */
export function routeValues({ inputs, attributes }: Pick<Node<RouteRule>, "inputs" | "attributes">) {
  const [behaviours, gram, transform, lengths, counts, start, ...rest] = inputs as readonly Value[] & { length: 6 };
  const [norms, table, ids] = attributes.similarity === "cosine" ? rest : [undefined, ...rest];
  return { behaviours, gram, transform, lengths, counts, start, norms, table, ids };
}

/** The sizes of a routing node, from its inputs. */
export function routeShape(inputs: readonly { readonly shape: readonly number[] }[]): RouteShape {
  const [batch, length, d] = inputs[0]!.shape as [number, number, number];
  return { batch, length, d, h: lastDimension(inputs[2]!.shape), interests: inputs[5]!.shape[1]! };
}

/**
 * `subgroup`: a user for each subgroup of a software adapter, no barriers. `workgroup`: a user for each workgroup of a GPU, its
 * behaviours kept in workgroup memory. `general`: any shape, competition and gradient, with little workgroup memory.
 */
export const routeFamilies: readonly KernelFamily<RouteRule>[] = [
  {
    name: "subgroup",
    supports: (node, target) => target.subgroupSize === 8 && isNarrow(node) && isCommon(node, target),
    suits: (_, target) => target.software,
    unread: (node, target) => (looksUp(node, target) ? [node.inputs[0]!] : []),
    kernels: (node, target) => [subgroupDispatch(node, target)],
  },
  {
    name: "workgroup",
    supports: (node, target) => isCommon(node, target) && workgroupMemory(node).bytes <= target.workgroupStorageBytes,
    suits: (_, target) => !target.software,
    unread: (node, target) => (looksUp(node, target) ? [node.inputs[0]!] : []),
    kernels: (node, target) => [workgroupDispatch(node, target)],
  },
  { name: "general", kernels: (node, target) => [generalDispatch(node, target)] },
];

/** Whether the behaviours come from a table that one binding shows whole. */
function looksUp(node: Node<RouteRule>, target: KernelTarget): boolean {
  const { table } = routeValues(node);
  return table !== undefined && isShownWhole(table, target);
}

const isNarrow = ({ inputs }: Node<RouteRule>): boolean => {
  const { d, h, interests } = routeShape(inputs);
  return interests <= 4 && Math.max(d, h) <= 64;
};

/** Interests compete, and no gradient goes through the earlier iterations. */
function isCommon({ outputs, attributes }: Node<RouteRule>, { isUsed }: KernelTarget): boolean {
  return attributes.competition === "interests" && !isUsed(outputs[4]!);
}

/** What kernels that look behaviours up bind: rows and ids (any u32 value where there are none), the rest, the outputs. */
function commonBindings(node: Node<RouteRule>, target: KernelTarget): readonly Binding[] {
  const { behaviours, gram, transform, lengths, counts, start, norms = gram, table, ids } = routeValues(node);
  const [rows, places] = looksUp(node, target) ? [table!, ids!] : [behaviours, lengths];
  const inputs = [rows, places, gram, transform, lengths, counts, start, norms];
  return [...inputs.map(read), ...node.outputs.slice(0, 4).map(write)];
}

/** The rule as the constants of the forward kernels. */
function ruleConstants({ attributes, outputs }: Node<RouteRule>, { isUsed }: KernelTarget) {
  return {
    accumulate: Number(attributes.update === "accumulate"),
    cosine: Number(attributes.similarity === "cosine"),
    similarityScale: attributes.similarityScale,
    squashPower: attributes.power,
    hard: Number(attributes.assignment === "hard"),
    fromCapsules: Number(attributes.start === "capsules"),
    identity: Number(!attributes.mapped),
    save: Number(outputs.slice(1, 4).some(isUsed)),
  };
}

function subgroupDispatch(node: Node<RouteRule>, target: KernelTarget): Dispatch {
  const { batch, length, d, h, interests } = routeShape(node.inputs);
  return {
    shader: subgroupShader,
    constants: {
      wide: Number(Math.max(d, h) > 32),
      gathered: Number(looksUp(node, target)),
      ...ruleConstants(node, target),
    },
    params: {
      batch: u32(batch),
      length: u32(length),
      d: u32(d),
      dQuads: u32(quads(d)),
      hQuads: u32(quads(h)),
      interests: u32(interests),
      iterations: u32(node.attributes.iterations),
      lanes: u32(8),
      quad: u32(4),
    },
    bindings: commonBindings(node, target),
    workgroups: gridOf(batch, 1),
  };
}

const workgroupSize = 64;

function workgroupMemory({ inputs }: Node<RouteRule>) {
  const { length, d, h, interests } = routeShape(inputs);
  const interestQuads = quads(interests);
  const columnQuads = Math.max(quads(d), quads(h));
  const parts = Math.max(1, Math.floor(workgroupSize / (interestQuads * columnQuads)));
  const constants = {
    workgroupSize,
    rowQuads: roundedLength(length * (quads(d) + 1)),
    stateQuads: roundedLength(4 * interestQuads * columnQuads),
    partialQuads: roundedLength(parts * 4 * interestQuads * columnQuads),
    weightQuads: roundedLength(length * interestQuads),
  };
  const { rowQuads, stateQuads, partialQuads, weightQuads } = constants;
  return { constants, parts, bytes: 16 * (rowQuads + 3 * stateQuads + partialQuads + weightQuads) + 4 * stateQuads };
}

function workgroupDispatch(node: Node<RouteRule>, target: KernelTarget): Dispatch {
  const { batch, length, d, h, interests } = routeShape(node.inputs);
  const { constants, parts } = workgroupMemory(node);
  return {
    shader: workgroupShader,
    constants: { ...constants, gathered: Number(looksUp(node, target)), ...ruleConstants(node, target) },
    params: {
      batch: u32(batch),
      length: u32(length),
      d: u32(d),
      dQuads: u32(quads(d)),
      hQuads: u32(quads(h)),
      interests: u32(interests),
      interestQuads: u32(quads(interests)),
      iterations: u32(node.attributes.iterations),
      parts: u32(parts),
    },
    bindings: commonBindings(node, target),
    workgroups: gridOf(batch, 1),
  };
}

function generalDispatch(node: Node<RouteRule>, target: KernelTarget): Dispatch {
  const { batch, length, d, h, interests } = routeShape(node.inputs);
  const { iterations, competition } = node.attributes;
  const { behaviours, gram, transform, lengths, counts, start, norms = gram } = routeValues(node);
  const inputs = [behaviours, gram, transform, lengths, counts, start, norms];
  const interestQuads = quads(interests);
  const stateQuads = roundedLength(4 * interestQuads * Math.max(quads(d), quads(h)));
  const weightQuads = roundedLength(length * interestQuads);
  const bytes = (3 * stateQuads + weightQuads) * 16 + 256;
  if (bytes > target.workgroupStorageBytes || interests > 64) {
    fail(
      `route: expected at most 64 interests and ${target.workgroupStorageBytes} bytes of workgroup memory on this adapter, got ${interests} interests and ${bytes} bytes for length ${length}, interests ${interests}, d ${d}; use a shorter history or fewer interests`,
    );
  }
  return {
    shader,
    constants: {
      workgroupSize: target.software ? 16 : 64,
      stateQuads,
      weightQuads,
      overInterests: Number(competition === "interests"),
      ...ruleConstants(node, target),
      saveAll: Number(target.isUsed(node.outputs[4]!)),
    },
    params: {
      batch: u32(batch),
      length: u32(length),
      d: u32(d),
      dQuads: u32(quads(d)),
      hQuads: u32(quads(h)),
      interests: u32(interests),
      interestQuads: u32(interestQuads),
      iterations: u32(iterations),
    },
    bindings: [...inputs.map(read), ...node.outputs.map(write)],
    workgroups: gridOf(batch, 1),
  };
}
