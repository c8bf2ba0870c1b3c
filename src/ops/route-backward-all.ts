import shader from "../../shaders/route_backward_all.wgsl";
import { fail } from "../errors.ts";
import { gridOf, read, roundedLength, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension } from "../graph/shape.ts";
import { type RouteInputs, type RouteRule, type RouteShape, routeBackward } from "../reference/route.ts";

/** What the backward pass reads of a routing node. */
export interface RouteSaved {
  readonly behaviours: Value;
  /** S S^T, `[d, d]` */
  readonly gram: Value;
  readonly lengths: Value;
  readonly interestCounts: Value;
  readonly logits: Value;
  /** a of every iteration, `[batch, iterations, interests, d]` */
  readonly sums: Value;
  /** a M and the state of every iteration, `[batch, iterations, 2, interests, d]` */
  readonly trace: Value;
}

/**
 * The gradient of routing through every iteration.
 * @param da the gradient of the last iteration's a, `[batch, interests, d]`
 * @returns `[de, across]`: the gradient of the behaviours, and the factor whose product with `sums` is the gradient of `gram`
 */
export function routeBackwardAll(saved: RouteSaved, da: Value, rule: RouteRule): readonly Value[] {
  const { behaviours, gram, lengths, interestCounts, logits, sums, trace } = saved;
  return da.graph.apply(routeBackwardAllOp, [behaviours, gram, lengths, interestCounts, logits, sums, trace, da], rule);
}

function shapeOf(inputs: readonly { readonly shape: readonly number[] }[]): RouteShape {
  const [batch, length, d] = inputs[0]!.shape as [number, number, number];
  return { batch, length, d, h: d, interests: lastDimension(inputs[4]!.shape) };
}

function inputsOf(inputs: readonly Tensor[]): Omit<RouteInputs, "transform"> {
  const [e, gram, lengths, counts, logits] = inputs.map((input) => input.data);
  return { e, gram, lengths, counts, logits } as Omit<RouteInputs, "transform">;
}

const routeBackwardAllOp: Op<RouteRule> = {
  name: "routeBackwardAll",
  outputs: (inputs) => [{ shape: inputs[0]!.shape }, { shape: inputs[5]!.shape }],
  reference(inputs, rule) {
    const { de, across } = routeBackward(inputsOf(inputs), inputs[7]!.data as Float64Array, shapeOf(inputs), rule);
    return [de, across];
  },
  kernels(node, target) {
    const { batch, length, d, interests } = shapeOf(node.inputs);
    const { iterations, competition, update } = node.attributes;
    const dQuads = Math.ceil(d / 4);
    const interestQuads = Math.ceil(interests / 4);
    const constants = {
      workgroupSize: target.software ? 16 : 64,
      stateQuads: roundedLength(4 * interestQuads * dQuads),
      weightQuads: roundedLength(length * interestQuads),
      overInterests: Number(competition === "interests"),
      accumulate: Number(update === "accumulate"),
    };
    const bytes = (3 * constants.stateQuads + 2 * constants.weightQuads) * 16 + 512;
    if (bytes > target.workgroupStorageBytes) {
      fail(
        `route: expected at most ${target.workgroupStorageBytes} bytes of workgroup memory on this adapter for gradient "all", got ${bytes} for length ${length}, interests ${interests}, d ${d}; use gradient "last" or a shorter history`,
      );
    }
    return [
      {
        shader,
        constants,
        params: {
          batch: u32(batch),
          length: u32(length),
          d: u32(d),
          dQuads: u32(dQuads),
          interests: u32(interests),
          interestQuads: u32(interestQuads),
          iterations: u32(iterations),
        },
        bindings: [...node.inputs.map(read), ...node.outputs.map(write)],
        workgroups: gridOf(batch, 1),
      },
    ];
  },
};
