import shader from "../../shaders/route_backward_all.wgsl";
import { fail } from "../errors.ts";
import { gridOf, read, roundedLength, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { lastDimension } from "../graph/shape.ts";
import type { RouteInputs, RouteRule, RouteShape } from "../reference/route.ts";
import * as reference from "../reference/route-backward-all.ts";

/** What the backward pass reads of a routing node. */
export interface RouteSaved {
  readonly behaviours: Value;
  /** S S^T, `[d, d]` */
  readonly gram: Value;
  readonly lengths: Value;
  readonly interestCounts: Value;
  readonly start: Value;
  /** 1 / |e S|, `[batch, length, 1]`; there for cosine. */
  readonly norms: Value | undefined;
  /** a, a M and the state of every iteration, `[batch, iterations, 3, interests, d]` */
  readonly trace: Value;
  /** The gradient of the last iteration's weights, where they are used, `[batch, length, interests]`. */
  readonly dWeights: Value | null | undefined;
}

/** The rule, and whether the weights have a gradient of their own. */
interface Attributes extends RouteRule {
  readonly ofWeights: boolean;
}

/**
 * The gradient of routing through every iteration.
 * @param da the gradient of the last iteration's a, `[batch, interests, d]`
 * @returns the gradients of the behaviours and of `norms`, and `across`: the factor whose product with `trace` is that of `gram`
 */
export function routeBackwardAll(saved: RouteSaved, da: Value, rule: RouteRule) {
  const { behaviours, gram, lengths, interestCounts, start, norms = gram, trace, dWeights } = saved;
  const inputs = [behaviours, gram, lengths, interestCounts, start, norms, trace, da, dWeights ?? gram];
  const attributes = { ...rule, ofWeights: Boolean(dWeights) };
  const [de, across, dNorms] = da.graph.apply(routeBackwardAllOp, inputs, attributes);
  return { de: de!, across: across!, dNorms: dNorms! };
}

function shapeOf(inputs: readonly { readonly shape: readonly number[] }[]): RouteShape {
  const [batch, length, d] = inputs[0]!.shape as [number, number, number];
  return { batch, length, d, h: d, interests: lastDimension(inputs[4]!.shape) };
}

function inputsOf(inputs: readonly Tensor[], { similarity }: RouteRule): Omit<RouteInputs, "transform"> {
  const [e, gram, lengths, counts, start, norms] = inputs.map((input) => input.data);
  const inverseNorms = similarity === "cosine" ? norms : undefined;
  return { e, gram, lengths, counts, start, inverseNorms } as Omit<RouteInputs, "transform">;
}

const routeBackwardAllOp: Op<Attributes> = {
  name: "routeBackwardAll",
  outputs(inputs) {
    const { batch, length } = shapeOf(inputs);
    return [{ shape: inputs[0]!.shape }, { shape: inputs[6]!.shape }, { shape: [batch, length, 1] }];
  },
  reference(inputs, rule) {
    const [da, dWeights] = [inputs[7]!.data, inputs[8]!.data] as [Float64Array, Float64Array];
    const more = rule.ofWeights ? dWeights : undefined;
    const result = reference.routeBackwardAll(inputsOf(inputs, rule), da, shapeOf(inputs), rule, more);
    return [result.de, result.across, result.dInverseNorms];
  },
  kernels(node, target) {
    const { batch, length, d, interests } = shapeOf(node.inputs);
    const { iterations, competition, update, similarity, similarityScale, power, ofWeights } = node.attributes;
    const dQuads = Math.ceil(d / 4);
    const interestQuads = Math.ceil(interests / 4);
    const constants = {
      workgroupSize: target.software ? 16 : 64,
      stateQuads: roundedLength(4 * interestQuads * dQuads),
      weightQuads: roundedLength(length * interestQuads),
      overInterests: Number(competition === "interests"),
      accumulate: Number(update === "accumulate"),
      cosine: Number(similarity === "cosine"),
      similarityScale,
      squashPower: power,
      ofWeights: Number(ofWeights),
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
