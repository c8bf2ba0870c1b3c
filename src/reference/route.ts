import { matmul } from "./matmul.ts";
import { squash, squashEpsilon } from "./squash.ts";

export interface RouteShape {
  readonly batch: number;
  readonly length: number;
  readonly d: number;
  readonly h: number;
  readonly interests: number;
}

export interface RouteRule {
  readonly iterations: number;
  /** Who shares a behaviour's weight of one: the interests (MIND, algorithm 1), or an interest's weight: the behaviours. */
  readonly competition: "interests" | "behaviours";
  /** Whether agreement adds to the routing logits or takes their place. */
  readonly update: "accumulate" | "overwrite";
  /** Whether the routing logits are constants to the gradient (`"last"`), or every iteration is differentiated. */
  readonly gradient: "last" | "all";
}

export interface RouteInputs {
  /** `[batch, length, d]` */
  readonly e: Float64Array;
  /** S S^T, `[d, d]` */
  readonly gram: Float64Array;
  /** S, `[d, h]` */
  readonly transform: Float64Array;
  readonly lengths: Uint32Array;
  readonly counts: Uint32Array;
  /** `[length, interests]` */
  readonly logits: Float64Array;
}

/** One user's routing, iteration by iteration; `a`, `mapped = a M` and `state` are `[interests, d]`, `w` is `[n, interests]`. */
interface Trace {
  readonly e: Float64Array;
  readonly n: number;
  readonly count: number;
  readonly steps: { w: Float64Array; a: Float64Array; mapped: Float64Array; state: Float64Array }[];
}

const dotRows = (x: Float64Array, xRow: number, y: Float64Array, yRow: number, d: number) => {
  let sum = 0;
  for (let c = 0; c < d; c++) sum += x[xRow * d + c]! * y[yRow * d + c]!;
  return sum;
};

/** The transposed product `x^T y` of `x [n, p]` and `y [n, q]`. */
const transposedProduct = (x: Float64Array, y: Float64Array, n: number, p: number, q: number) => {
  const out = new Float64Array(p * q);
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < p; r++) for (let c = 0; c < q; c++) out[r * q + c]! += x[i * p + r]! * y[i * q + c]!;
  }
  return out;
};

/** Softmax of `b [n, interests]` over the active interests of a behaviour, or over the behaviours of an active interest. */
function softmax(
  b: Float64Array,
  n: number,
  count: number,
  interests: number,
  competition: RouteRule["competition"],
): Float64Array {
  const w = new Float64Array(b.length);
  const groups = competition === "interests" ? n : count;
  const size = competition === "interests" ? count : n;
  for (let group = 0; group < groups; group++) {
    const at = (m: number) => (competition === "interests" ? group * interests + m : m * interests + group);
    let largest = -Infinity;
    for (let m = 0; m < size; m++) largest = Math.max(largest, b[at(m)]!);
    let total = 0;
    for (let m = 0; m < size; m++) total += Math.exp(b[at(m)]! - largest);
    for (let m = 0; m < size; m++) w[at(m)] = Math.exp(b[at(m)]! - largest) / total;
  }
  return w;
}

function traceUser(inputs: Omit<RouteInputs, "transform">, shape: RouteShape, rule: RouteRule, user: number): Trace {
  const { length, d, interests } = shape;
  const n = Math.min(inputs.lengths[user]!, length);
  const count = Math.min(inputs.counts[user]!, interests);
  const e = inputs.e.slice(user * length * d, (user * length + n) * d);
  const steps: Trace["steps"] = [];
  let state = new Float64Array(interests * d);
  for (let t = 0; t < rule.iterations; t++) {
    const b = new Float64Array(n * interests);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < interests; j++) {
        const initial = t === 0 || rule.update === "accumulate" ? inputs.logits[i * interests + j]! : 0;
        b[i * interests + j] = initial + dotRows(state, j, e, i, d);
      }
    }
    const w = softmax(b, n, count, interests, rule.competition);
    const a = transposedProduct(w, e, n, interests, d);
    const mapped = matmul(a, inputs.gram, interests, d, d);
    steps.push({ w, a, mapped, state });
    const next = rule.update === "accumulate" ? state.slice() : new Float64Array(state.length);
    for (let j = 0; j < interests; j++) {
      const norm2 = Math.max(0, dotRows(a, j, mapped, j, d));
      const scale = norm2 / (1 + norm2) / Math.sqrt(norm2 + squashEpsilon);
      for (let c = 0; c < d; c++) next[j * d + c]! += scale * mapped[j * d + c]!;
    }
    state = next;
  }
  return { e, n, count, steps };
}

/**
 * B2I dynamic routing (MIND, algorithm 1).
 * @returns interests `u` and their `z` before squash `[batch, interests, h]`; of the last iteration the `weights`
 * `[batch, length, interests]` and `sums` a `[batch, interests, d]`; of every iteration `allSums`
 * `[batch, iterations, interests, d]` and `trace`, a M and the state, `[batch, iterations, 2, interests, d]`
 */
export function route(inputs: RouteInputs, shape: RouteShape, rule: RouteRule) {
  const { batch, length, d, h, interests } = shape;
  const size = interests * d;
  const z = new Float64Array(batch * interests * h);
  const weights = new Float64Array(batch * length * interests);
  const sums = new Float64Array(batch * size);
  const allSums = new Float64Array(batch * rule.iterations * size);
  const trace = new Float64Array(batch * rule.iterations * 2 * size);
  for (let user = 0; user < batch; user++) {
    const { steps } = traceUser(inputs, shape, rule, user);
    const last = steps.at(-1)!;
    z.set(matmul(last.a, inputs.transform, interests, d, h), user * interests * h);
    weights.set(last.w, user * length * interests);
    sums.set(last.a, user * size);
    for (const [t, step] of steps.entries()) {
      const slot = user * rule.iterations + t;
      allSums.set(step.a, slot * size);
      if (step !== last) trace.set(step.mapped, slot * 2 * size);
      trace.set(step.state, (slot * 2 + 1) * size);
    }
  }
  return { u: squash(z, h), z, weights, sums, allSums, trace };
}

/** de_i = sum_j w_ij da_j, the gradient of the behaviours where the weights are constants. */
export function spread(
  weights: Float64Array,
  da: Float64Array,
  { batch, length, d, interests }: RouteShape,
): Float64Array {
  const de = new Float64Array(batch * length * d);
  for (let user = 0; user < batch; user++) {
    const w = weights.subarray(user * length * interests, (user + 1) * length * interests);
    const gradient = da.subarray(user * interests * d, (user + 1) * interests * d);
    de.set(matmul(w, gradient, length, interests, d), user * length * d);
  }
  return de;
}

/**
 * The gradient through every iteration.
 * @param daLast the gradient of the last iteration's a, `[batch, interests, d]`
 * @returns `de [batch, length, d]` and `across [batch, iterations, interests, d]`, for dM = sum of a^T across
 */
export function routeBackward(
  inputs: Omit<RouteInputs, "transform">,
  daLast: Float64Array,
  shape: RouteShape,
  rule: RouteRule,
) {
  const { batch, length, d, interests } = shape;
  const size = interests * d;
  const de = new Float64Array(batch * length * d);
  const across = new Float64Array(batch * rule.iterations * size);
  for (let user = 0; user < batch; user++) {
    const { e, n, count, steps } = traceUser(inputs, shape, rule, user);
    const deUser = de.subarray(user * length * d, (user * length + n) * d);
    let da = daLast.slice(user * size, (user + 1) * size);
    let dState = new Float64Array(size);
    for (let t = rule.iterations - 1; t >= 0; t--) {
      const { w, state } = steps[t]!;
      const db = softmaxBackward(w, e, da, n, count, shape, rule);
      const reached = matmul(w, da, n, interests, d);
      const steered = matmul(db, state, n, interests, d);
      for (let at = 0; at < n * d; at++) deUser[at]! += reached[at]! + steered[at]!;
      if (t === 0) break;
      const fresh = transposedProduct(db, e, n, interests, d);
      dState = rule.update === "accumulate" ? dState.map((value, i) => value + fresh[i]!) : fresh;
      const previous = agreementBackward(steps[t - 1]!, dState, inputs.gram, interests, d);
      across.set(previous.across, (user * rule.iterations + t - 1) * size);
      da = previous.da;
    }
  }
  return { de, across };
}

/** From dw_ij = da_j . e_i to db through the softmax. */
function softmaxBackward(
  w: Float64Array,
  e: Float64Array,
  da: Float64Array,
  n: number,
  count: number,
  { d, interests }: RouteShape,
  { competition }: RouteRule,
): Float64Array {
  const dw = new Float64Array(w.length);
  for (let i = 0; i < n; i++) for (let j = 0; j < count; j++) dw[i * interests + j] = dotRows(da, j, e, i, d);
  const db = new Float64Array(w.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < count; j++) {
      let mean = 0;
      if (competition === "interests")
        for (let m = 0; m < count; m++) mean += w[i * interests + m]! * dw[i * interests + m]!;
      else for (let m = 0; m < n; m++) mean += w[m * interests + j]! * dw[m * interests + j]!;
      db[i * interests + j] = w[i * interests + j]! * (dw[i * interests + j]! - mean);
    }
  }
  return db;
}

/** Through g = scale(a M a^T) a M: from dg to da, and to `across`, whose product with a is dM. */
function agreementBackward(
  step: Trace["steps"][number],
  dg: Float64Array,
  gram: Float64Array,
  interests: number,
  d: number,
) {
  const across = new Float64Array(interests * d);
  const da = new Float64Array(interests * d);
  const through = matmul(dg, gram, interests, d, d);
  for (let j = 0; j < interests; j++) {
    const norm2 = Math.max(0, dotRows(step.a, j, step.mapped, j, d));
    const scale = norm2 / (1 + norm2) / Math.sqrt(norm2 + squashEpsilon);
    const slope = scaleSlope(norm2) * dotRows(dg, j, step.mapped, j, d);
    for (let c = 0; c < d; c++) {
      across[j * d + c] = scale * dg[j * d + c]! + slope * step.a[j * d + c]!;
      da[j * d + c] = scale * through[j * d + c]! + 2 * slope * step.mapped[j * d + c]!;
    }
  }
  return { across, da };
}

/** The derivative of squash's factor n / (1 + n^2) by n^2, eps dropped; 0 at n = 0. */
function scaleSlope(norm2: number): number {
  return norm2 === 0 ? 0 : (1 - norm2) / ((1 + norm2) ** 2 * 2 * Math.sqrt(norm2));
}
