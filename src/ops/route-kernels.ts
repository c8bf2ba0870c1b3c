import shader from "../../shaders/route.wgsl";
import subgroupShader from "../../shaders/route_subgroup.wgsl";
import { fail } from "../errors.ts";
import { type Dispatch, gridOf, type KernelTarget, read, roundedLength, u32, write } from "../graph/dispatch.ts";
import type { KernelFamily } from "../graph/families.ts";
import type { Node, Value } from "../graph/graph.ts";
import { lastDimension } from "../graph/shape.ts";
import { rowWindows } from "../graph/windows.ts";
import type { RouteRule, RouteShape } from "../reference/route.ts";

const quads = (width: number) => Math.ceil(width / 4);

/** The sizes of a routing node, from its inputs. */
export function routeShape(inputs: readonly { readonly shape: readonly number[] }[]): RouteShape {
  const [batch, length, d] = inputs[0]!.shape as [number, number, number];
  return { batch, length, d, h: lastDimension(inputs[2]!.shape), interests: lastDimension(inputs[5]!.shape) };
}

/** A user for each subgroup of a software adapter, or for each workgroup: any shape that its memory holds. */
export const routeFamilies: readonly KernelFamily<RouteRule>[] = [
  {
    name: "subgroup",
    supports: (node, target) => target.subgroupSize === 8 && fitsSubgroup(node, target),
    suits: (_, target) => target.software,
    unread: (node, target) => (looksUp(node, target) ? [node.inputs[0]!] : []),
    kernels: (node, target) => [subgroupDispatch(node, target)],
  },
  { name: "workgroup", kernels: (node, target) => [workgroupDispatch(node, target)] },
];

/** Whether the behaviours come from a table that one binding shows whole. */
function looksUp({ inputs }: Node<RouteRule>, target: KernelTarget): boolean {
  const table = inputs[6];
  return table !== undefined && rowWindows(table, target).length === 1;
}

function fitsSubgroup({ inputs, outputs, attributes }: Node<RouteRule>, { isUsed }: KernelTarget): boolean {
  const { d, h, interests } = routeShape(inputs);
  const [, , , , allSums, trace] = outputs as [Value, Value, Value, Value, Value, Value];
  const savesAll = isUsed(allSums) || isUsed(trace);
  return interests <= 4 && Math.max(d, h) <= 64 && attributes.competition === "interests" && !savesAll;
}

function subgroupDispatch(node: Node<RouteRule>, target: KernelTarget): Dispatch {
  const { inputs, outputs, attributes } = node;
  const { isUsed } = target;
  const { batch, length, d, h, interests } = routeShape(inputs);
  const [behaviours, gram, transform, lengths, counts, logits] = inputs as [Value, Value, Value, Value, Value, Value];
  const [u, z, weights, sums] = outputs as [Value, Value, Value, Value];
  const gathered = looksUp(node, target);
  const [rows, ids] = gathered ? [inputs[6]!, inputs[7]!] : [behaviours, lengths];
  return {
    shader: subgroupShader,
    constants: {
      wide: Number(Math.max(d, h) > 32),
      gathered: Number(gathered),
      accumulate: Number(attributes.update === "accumulate"),
      save: Number(isUsed(z) || isUsed(weights) || isUsed(sums)),
    },
    params: {
      batch: u32(batch),
      length: u32(length),
      d: u32(d),
      dQuads: u32(quads(d)),
      hQuads: u32(quads(h)),
      interests: u32(interests),
      iterations: u32(attributes.iterations),
      lanes: u32(8),
      quad: u32(4),
    },
    bindings: [...[rows, ids, gram, transform, lengths, counts, logits].map(read), ...[u, z, weights, sums].map(write)],
    workgroups: gridOf(batch, 1),
  };
}

function workgroupDispatch(node: Node<RouteRule>, target: KernelTarget): Dispatch {
  const { batch, length, d, h, interests } = routeShape(node.inputs);
  const { iterations, competition, update } = node.attributes;
  const [u, z, weights, sums, allSums, trace] = node.outputs as [Value, Value, Value, Value, Value, Value];
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
      accumulate: Number(update === "accumulate"),
      save: Number(target.isUsed(z) || target.isUsed(weights) || target.isUsed(sums)),
      saveAll: Number(target.isUsed(allSums) || target.isUsed(trace)),
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
    bindings: [...node.inputs.slice(0, 6).map(read), ...[u, z, weights, sums, allSums, trace].map(write)],
    workgroups: gridOf(batch, 1),
  };
}
