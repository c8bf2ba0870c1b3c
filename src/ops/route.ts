import { fail } from "../errors.ts";
import type { Op, Value } from "../graph/graph.ts";
import { lastDimension, requireShapes, rowCount, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/route.ts";
import { gather, gatheredFrom, lookedUp } from "./gather.ts";
import { inverseNorms } from "./inverse-norms.ts";
import { matmul } from "./matmul.ts";
import { routeBackward } from "./route-backward.ts";
import { routeBackwardAll } from "./route-backward-all.ts";
import { routeFamilies, routeShape, routeValues } from "./route-kernels.ts";
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
  /** What makes an interest and a behaviour agree: `"dot"` (default, the paper) or `"cosine"`, which embedding norms do not sway. */
  readonly similarity?: reference.RouteRule["similarity"];
  /** What a cosine counts in the logits; default 20, as in EasyRec. */
  readonly similarityScale?: number;
  /** What makes an interest of the sum z of its behaviours: `"squash"` (default, the paper), or `"l2"` for z / |z|. */
  readonly activation?: "squash" | "l2";
  /** p of squash's (n^2 / (1 + n^2))^p / n; default 1. */
  readonly squashPower?: number;
  /** `"hard"`: a behaviour counts for the interest of its largest logit alone; default `"soft"`, for all by their weights. */
  readonly assignment?: reference.RouteRule["assignment"];
}

/** The options as kernels and references take them; fails on those that do not go together. */
function ruleOf(options: RouteOptions, start: reference.RouteRule["start"], mapped: boolean): reference.RouteRule {
  const { iterations = 3, competition = "interests", update = "accumulate", gradient = "last" } = options;
  const { similarity = "dot", similarityScale = 20, activation = "squash", squashPower = 1 } = options;
  const { assignment = "soft" } = options;
  if (!Number.isInteger(iterations) || iterations < 1)
    fail(`route: expected iterations of at least 1, got ${iterations}`);
  if (!(similarityScale > 0)) fail(`route: expected a similarityScale above 0, got ${similarityScale}`);
  if (!(squashPower > 0))
    fail(`route: expected a squashPower above 0, got ${squashPower}; for plain normalisation use activation "l2"`);
  if (gradient === "all" && assignment === "hard")
    fail('route: expected soft assignment for gradient "all", got hard, through which none flows; use gradient "last"');
  if (gradient === "all" && start === "capsules")
    fail('route: expected logits to start from for gradient "all", got capsules; use gradient "last"');
  const power = activation === "l2" ? 0 : squashPower;
  return { iterations, competition, update, gradient, similarity, similarityScale, power, assignment, start, mapped };
}

/**
 * Behaviour-to-interest dynamic routing (MIND, CIKM 2019, algorithm 1).
 * @param behaviours item vectors `[batch, length, d]`
 * @param transform the shared bilinear map S, `[d, h]`; `null` is the identity, at no cost
 * @param lengths u32 `[batch]`, how many of the first behaviours of each user are real
 * @param interestCounts u32 `[batch]`, how many of the first interests of each user are active
 * @param start initial routing logits `[length, interests]`, the same for every user; or a behaviour of each user for each interest,
 * `[batch, interests, d]`, as `initialCapsules` finds them. No gradient flows to either
 * @returns interests `[batch, interests, h]`; 0 for inactive ones and for users with no behaviours
 */
export function route(
  behaviours: Value,
  transform: Value | null,
  lengths: Value,
  interestCounts: Value,
  start: Value,
  options: RouteOptions = {},
): Value {
  const [batch, length, d] = behaviours.shape as [number, number, number];
  const shapes = {
    behaviours: behaviours.shape,
    ...(transform && { transform: transform.shape }),
    lengths: lengths.shape,
    interestCounts: interestCounts.shape,
    start: start.shape,
  };
  const fits =
    behaviours.shape.length === 3 &&
    (transform === null || (transform.shape.length === 2 && transform.shape[0] === d)) &&
    sameShape(lengths.shape, [batch]) &&
    sameShape(interestCounts.shape, [batch]) &&
    (sameShape(start.shape, [length, start.shape[1]!]) || sameShape(start.shape, [batch, start.shape[1]!, d]));
  const expected =
    "behaviours [batch, length, d], transform [d, h], lengths [batch], interestCounts [batch] and a start of logits [length, interests] or capsules [batch, interests, d]";
  requireShapes(fits, "route", expected, shapes);
  const rule = ruleOf(options, start.shape.length === 2 ? "logits" : "capsules", transform !== null);
  const gram = transform ? matmul(transform, transform, { transposeB: true }) : identityOf(behaviours);
  const inputs = [behaviours, gram, transform ?? gram, lengths, interestCounts, start];
  if (rule.similarity === "cosine") inputs.push(behaviourNorms(behaviours, transform, rule));
  // Kernels may look the behaviours up themselves; the gradient goes through the rows all the same.
  inputs.push(...lookedUp(behaviours));
  return behaviours.graph.apply(routeOp, inputs, rule)[0]!;
}

/**
 * The weights by which behaviours made up the interests in the last iteration.
 * @param interests what {@link route} returned
 * @returns `[batch, length, interests]`, 0 for padded behaviours and inactive interests; gradients flow through them with `gradient: "all"`
 */
export function routingWeights(interests: Value): Value {
  const { op, outputs } = interests.node ?? fail(`routingWeights: expected interests of route, got ${interests.name}`);
  if (op.name !== routeOp.name)
    fail(`routingWeights: expected interests of route, got ${interests.name} of ${op.name}`);
  return outputs[2]!;
}

/** The matrix that takes S's place, for kernels and references that know no better. */
function identityOf({ graph, shape }: Value): Value {
  const d = lastDimension(shape);
  const name = `route.identity.${graph.values.length}`;
  return graph.constant(
    name,
    [d, d],
    Float32Array.from({ length: d * d }, (_, at) => Number(at % (d + 1) === 0)),
  );
}

/** 1 / |e S| of every behaviour, by way of the whole table where that has fewer rows and takes no gradient through this. */
function behaviourNorms(behaviours: Value, transform: Value | null, { gradient }: reference.RouteRule): Value {
  const source = gatheredFrom(behaviours);
  const shorter = source?.table.type === "f32" && source.table.shape[0]! <= rowCount(behaviours.shape);
  return shorter && gradient === "last"
    ? gather(inverseNorms(source.table, transform ?? undefined), source.ids)
    : inverseNorms(behaviours, transform ?? undefined);
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
      { shape: [batch, iterations, 3, interests, d] },
    ];
  },
  gradient(node, [du, , dWeights]) {
    const { attributes: rule } = node;
    if (!du) fail("route: expected a gradient of the interests beside that of their weights, got none");
    if (dWeights && rule.gradient === "last")
      fail('route: expected gradient "all" for weights that are differentiated, got "last", which holds them constant');
    const { behaviours, gram, transform, lengths, counts: interestCounts, start, norms } = routeValues(node);
    const [, z, weights, sums, trace] = node.outputs as [Value, Value, Value, Value, Value];
    if (rule.gradient === "last") {
      const { de, dz } = routeBackward(z, du, weights, transform, rule);
      return [de!, null, matmul(sums, dz!, { transposeA: true }), null, null, null];
    }
    const dz = squashBackward(z, du, rule);
    const da = matmul(dz, transform, { transposeB: true });
    const dTransform = matmul(sums, dz, { transposeA: true });
    const saved = { behaviours, gram, lengths, interestCounts, start, norms, trace, dWeights };
    const { de, across, dNorms } = routeBackwardAll(saved, da, rule);
    const dGram = matmul(trace, across, { transposeA: true });
    return [de, dGram, dTransform, null, null, null, ...(norms ? [dNorms] : [])];
  },
  reference(inputs, rule) {
    const [e, gram, transform, lengths, counts, start, norms] = inputs.map((input) => input.data);
    const inverseNorms = rule.similarity === "cosine" ? norms : undefined;
    const arrays = { e, gram, transform, lengths, counts, start, inverseNorms } as reference.RouteInputs;
    const { u, z, weights, sums, trace } = reference.route(arrays, routeShape(inputs), rule);
    return [u, z, weights, sums, trace];
  },
  families: routeFamilies,
};
