import type { Call, Caller } from "./calls.ts";
import { fail } from "./errors.ts";
import { type LabelAwareAttentionOptions, labelAwareAttention } from "./ops/label-aware-attention.ts";
import { maskedSoftmax } from "./ops/masked-softmax.ts";
import { matmul } from "./ops/matmul.ts";
import { type RouteOptions, route } from "./ops/route.ts";
import { squash } from "./ops/squash.ts";
import { initialLogits } from "./reference/initial-logits.ts";
import { interestCounts as countInterests } from "./reference/interest-counts.ts";

export interface RouteCall extends RouteOptions {
  readonly batch: number;
  /** Behaviours of each user, L. */
  readonly length: number;
  /** Width of a behaviour, d. */
  readonly dimension: number;
  /** Width of an interest, h; default d. */
  readonly interestDimension?: number;
  /** Most interests of a user, K; at most `length`. */
  readonly interests: number;
  /** `[batch]`, how many of the first behaviours of each user are real; default: all. */
  readonly lengths?: Uint32Array;
  /** The shared bilinear map S, `[dimension, interestDimension]`. */
  readonly transform: Float32Array;
  /** Initial routing logits `[interests, length]`; default: gaussian, of deviation 1 and the given seed. */
  readonly logits?: Float32Array;
  /** `[batch]`, how many interests of each user are active; default: clamp(floor(log2(n)), 1, K). */
  readonly interestCounts?: Uint32Array;
  /** Seed of the default logits; default 1. */
  readonly seed?: number;
}

export interface RowsCall {
  readonly rows: number;
  /** Width of a row, d. */
  readonly dimension: number;
}

export interface MaskedSoftmaxCall {
  readonly rows: number;
  readonly width: number;
  /** `[rows]`, how many of the first elements of each row take part. */
  readonly lengths: Uint32Array;
}

export interface BilinearCall extends RowsCall {
  /** S, `[dimension, outputDimension]`. */
  readonly transform: Float32Array;
  /** Default: `dimension`. */
  readonly outputDimension?: number;
}

export interface AttentionCall extends LabelAwareAttentionOptions {
  readonly batch: number;
  readonly interests: number;
  readonly dimension: number;
  /** `[batch]`; default: all interests are active. */
  readonly interestCounts?: Uint32Array;
}

/** The kernels as plain calls on typed arrays; every gradient takes the forward arguments and the gradient of the output. */
export interface PlainOps {
  /** B2I dynamic routing (MIND, algorithm 1). `behaviours [batch, length, d]` to interests `[batch, interests, h]`. */
  route(behaviours: Float32Array, call: RouteCall): Promise<Float32Array>;
  /** `upstream [batch, interests, h]` to the gradients `behaviours [batch, length, d]` and `transform [d, h]`. */
  routeGradient(
    behaviours: Float32Array,
    upstream: Float32Array,
    call: RouteCall,
  ): Promise<{ behaviours: Float32Array; transform: Float32Array }>;
  /** Squash (MIND, eq. 5) of `z [rows, d]`. */
  squash(z: Float32Array, call: RowsCall): Promise<Float32Array>;
  squashGradient(z: Float32Array, upstream: Float32Array, call: RowsCall): Promise<{ z: Float32Array }>;
  /** Softmax of the first `lengths[row]` elements of each row of `x [rows, width]`, 0 elsewhere. */
  maskedSoftmax(x: Float32Array, call: MaskedSoftmaxCall): Promise<Float32Array>;
  maskedSoftmaxGradient(x: Float32Array, upstream: Float32Array, call: MaskedSoftmaxCall): Promise<{ x: Float32Array }>;
  /** y = x S for `x [rows, d]`. */
  bilinear(x: Float32Array, call: BilinearCall): Promise<Float32Array>;
  bilinearGradient(
    x: Float32Array,
    upstream: Float32Array,
    call: BilinearCall,
  ): Promise<{ x: Float32Array; transform: Float32Array }>;
  /** Label-aware attention (MIND, eq. 8): `interests [batch, K, d]` and `label [batch, d]` to one vector `[batch, d]`. */
  labelAwareAttention(interests: Float32Array, label: Float32Array, call: AttentionCall): Promise<Float32Array>;
  labelAwareAttentionGradient(
    interests: Float32Array,
    label: Float32Array,
    upstream: Float32Array,
    call: AttentionCall,
  ): Promise<{ interests: Float32Array; label: Float32Array }>;
}

export function createPlainOps(caller: Caller): PlainOps {
  const gradient = async <Names extends string>(call: Call, upstream: Float32Array) =>
    (await caller.gradient(call, upstream)) as Record<Names, Float32Array>;
  return {
    route: async (behaviours, options) => caller.forward(routeCall(behaviours, options)),
    routeGradient: async (behaviours, upstream, options) => gradient(routeCall(behaviours, options), upstream),
    squash: async (z, options) => caller.forward(squashCall(z, options)),
    squashGradient: async (z, upstream, options) => gradient(squashCall(z, options), upstream),
    maskedSoftmax: async (x, options) => caller.forward(maskedSoftmaxCall(x, options)),
    maskedSoftmaxGradient: async (x, upstream, options) => gradient(maskedSoftmaxCall(x, options), upstream),
    bilinear: async (x, options) => caller.forward(bilinearCall(x, options)),
    bilinearGradient: async (x, upstream, options) => gradient(bilinearCall(x, options), upstream),
    labelAwareAttention: async (interests, label, options) => caller.forward(attentionCall(interests, label, options)),
    labelAwareAttentionGradient: async (interests, label, upstream, options) =>
      gradient(attentionCall(interests, label, options), upstream),
  };
}

function routeCall(behaviours: Float32Array, call: RouteCall): Call {
  const { batch, length, dimension, interests, transform, seed = 1 } = call;
  const { interestDimension = dimension, iterations = 3, competition, update, gradient, similarity } = call;
  const { similarityScale, activation, squashPower, assignment } = call;
  const rule = { iterations, competition, update, gradient, similarity, similarityScale };
  const options = { ...rule, activation, squashPower, assignment };
  requireCounts("route", { batch, length, dimension, interestDimension, interests, iterations });
  if (interests > length)
    fail(`route: expected at most as many interests as behaviours, got interests ${interests} and length ${length}`);
  const lengths = call.lengths ?? new Uint32Array(batch).fill(length);
  requireAtMost("route", "lengths", lengths, length);
  const counts = call.interestCounts ?? countInterests(lengths, interests, "log2");
  requireAtMost("route", "interestCounts", counts, interests);
  if (call.logits && call.logits.length !== interests * length) {
    fail(
      `route: expected logits of ${interests * length} elements, shape [${interests}, ${length}]; got ${call.logits.length}`,
    );
  }
  const logits = call.logits ? transposed(call.logits, interests, length) : initialLogits(length, interests, { seed });
  return {
    name: "route",
    options,
    arguments: {
      behaviours: { data: behaviours, shape: [batch, length, dimension], differentiate: true },
      transform: { data: transform, shape: [dimension, interestDimension], differentiate: true },
      lengths: { data: lengths, shape: [batch] },
      interestCounts: { data: counts, shape: [batch] },
      logits: { data: logits, shape: [length, interests] },
    },
    apply: (values) =>
      route(values.behaviours!, values.transform!, values.lengths!, values.interestCounts!, values.logits!, options),
  };
}

function squashCall(z: Float32Array, { rows, dimension }: RowsCall): Call {
  requireCounts("squash", { rows, dimension });
  const argument = { data: z, shape: [rows, dimension], differentiate: true };
  return { name: "squash", options: null, arguments: { z: argument }, apply: (values) => squash(values.z!) };
}

function maskedSoftmaxCall(x: Float32Array, { rows, width, lengths }: MaskedSoftmaxCall): Call {
  requireCounts("maskedSoftmax", { rows, width });
  requireAtMost("maskedSoftmax", "lengths", lengths, width);
  return {
    name: "maskedSoftmax",
    options: null,
    arguments: { x: { data: x, shape: [rows, width], differentiate: true }, lengths: { data: lengths, shape: [rows] } },
    apply: (values) => maskedSoftmax(values.x!, values.lengths!),
  };
}

function bilinearCall(
  x: Float32Array,
  { rows, dimension, transform, outputDimension = dimension }: BilinearCall,
): Call {
  requireCounts("bilinear", { rows, dimension, outputDimension });
  return {
    name: "bilinear",
    options: null,
    arguments: {
      x: { data: x, shape: [rows, dimension], differentiate: true },
      transform: { data: transform, shape: [dimension, outputDimension], differentiate: true },
    },
    apply: (values) => matmul(values.x!, values.transform!),
  };
}

function attentionCall(interests: Float32Array, label: Float32Array, call: AttentionCall): Call {
  const { batch, interests: count, dimension, interestCounts, ...options } = call;
  requireCounts("labelAwareAttention", { batch, interests: count, dimension });
  const counts = interestCounts ?? new Uint32Array(batch).fill(count);
  requireAtMost("labelAwareAttention", "interestCounts", counts, count);
  return {
    name: "labelAwareAttention",
    options,
    arguments: {
      interests: { data: interests, shape: [batch, count, dimension], differentiate: true },
      interestCounts: { data: counts, shape: [batch] },
      label: { data: label, shape: [batch, dimension], differentiate: true },
    },
    apply: (values) => labelAwareAttention(values.interests!, values.interestCounts!, values.label!, options),
  };
}

function requireCounts(op: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) fail(`${op}: expected ${name} to be a whole number from 1, got ${size}`);
  }
}

function requireAtMost(op: string, name: string, values: Uint32Array, most: number): void {
  const bad = values.findIndex((value) => value > most);
  if (bad >= 0) fail(`${op}: expected ${name} of at most ${most}, got ${values[bad]} at element ${bad}`);
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(
    { length: matrix.length },
    (_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)]!,
  );
}
