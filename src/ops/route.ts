import { fail } from "../errors.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { requireShapes, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/route.ts";
import { gatheredFrom } from "./gather.ts";
import { matmul } from "./matmul.ts";
import { routeBackward } from "./route-backward.ts";
import { routeBackwardAll } from "./route-backward-all.ts";
import { routeFamilies, routeShape } from "./route-kernels.ts";
import { squashBackward } from "./squash.ts";

export interface RouteOptions {
  /** Routing iterations; default 3. */
  readonly iterations?: number;
  /** Default `"interests"`: each behaviour's weights over the interests sum to 1, as in algorithm 1 of MIND. */
  readonly competition?: reference.RouteRule["competition"];
  /** Default `"accumulate"`. */
  readonly update?: reference.RouteRule["update"];
  /** Default `"last"`: the routing weights are constants to the gradient, as in every published implementation. */
  readonly gradient?: reference.RouteRule["gradient"];
}

/**
 * Behaviour-to-interest dynamic routing (MIND, CIKM 2019, algorithm 1).
 * @param behaviours item vectors `[batch, length, d]`
 * @param transform the shared bilinear map S, `[d, h]`
 * @param lengths u32 `[batch]`, how many of the first behaviours of each user are real
 * @param interestCounts u32 `[batch]`, how many of the first interests of each user are active
 * @param logits initial routing logits `[length, interests]`, the same for every user; no gradient flows to them
 * @returns interests `[batch, interests, h]`; 0 for inactive ones and for users with no behaviours
 */
export function route(
  behaviours: Value,
  transform: Value,
  lengths: Value,
  interestCounts: Value,
  logits: Value,
  options: RouteOptions = {},
): Value {
  const [batch, length, d] = behaviours.shape as [number, number, number];
  const shapes = {
    behaviours: behaviours.shape,
    transform: transform.shape,
    lengths: lengths.shape,
    interestCounts: interestCounts.shape,
    logits: logits.shape,
  };
  const fits =
    behaviours.shape.length === 3 &&
    transform.shape.length === 2 &&
    transform.shape[0] === d &&
    sameShape(lengths.shape, [batch]) &&
    sameShape(interestCounts.shape, [batch]) &&
    logits.shape.length === 2 &&
    logits.shape[0] === length;
  const expected =
    "behaviours [batch, length, d], transform [d, h], lengths [batch], interestCounts [batch] and logits [length, interests]";
  requireShapes(fits, "route", expected, shapes);
  const { iterations = 3, competition = "interests", update = "accumulate", gradient = "last" } = options;
  if (!Number.isInteger(iterations) || iterations < 1)
    fail(`route: expected iterations of at least 1, got ${iterations}`);
  const gram = matmul(transform, transform, { transposeB: true });
  const inputs = [behaviours, gram, transform, lengths, interestCounts, logits];
  // Kernels may look the behaviours up themselves; the gradient goes through the rows all the same.
  const source = gatheredFrom(behaviours);
  if (source?.table.type === "f32") inputs.push(source.table, source.ids);
  return behaviours.graph.apply(routeOp, inputs, { iterations, competition, update, gradient })[0]!;
}

/** The arrays of a routing node, as the reference names them. */
export function routeInputs(inputs: readonly Tensor[]): reference.RouteInputs {
  const [e, gram, transform, lengths, counts, logits] = inputs.map((input) => input.data);
  return { e, gram, transform, lengths, counts, logits } as reference.RouteInputs;
}

const routeOp: Op<reference.RouteRule> = {
  name: "route",
  outputs(inputs, { iterations }) {
    const { batch, length, d, h, interests } = routeShape(inputs);
    return [
      { shape: [batch, interests, h] },
      { shape: [batch, interests, h] },
      { shape: [batch, length, interests] },
      { shape: [batch, interests, d] },
      { shape: [batch, iterations, interests, d] },
      { shape: [batch, iterations, 2, interests, d] },
    ];
  },
  gradient({ inputs, outputs, attributes }, [du]) {
    const [behaviours, gram, transform, lengths, interestCounts, logits] = inputs as [
      Value,
      Value,
      Value,
      Value,
      Value,
      Value,
    ];
    const [, z, weights, sums, allSums, trace] = outputs as [Value, Value, Value, Value, Value, Value];
    if (attributes.gradient === "last") {
      const { de, dz } = routeBackward(z, du!, weights, transform);
      return [de, null, matmul(sums, dz, { transposeA: true }), null, null, null];
    }
    const dz = squashBackward(z, du!);
    const da = matmul(dz, transform, { transposeB: true });
    const dTransform = matmul(sums, dz, { transposeA: true });
    const saved = { behaviours, gram, lengths, interestCounts, logits, sums: allSums, trace };
    const [de, across] = routeBackwardAll(saved, da, attributes) as [Value, Value];
    return [de, matmul(allSums, across, { transposeA: true }), dTransform, null, null, null];
  },
  reference(inputs, rule) {
    const { u, z, weights, sums, allSums, trace } = reference.route(routeInputs(inputs), routeShape(inputs), rule);
    return [u, z, weights, sums, allSums, trace];
  },
  families: routeFamilies,
};
