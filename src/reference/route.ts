import { matmul } from "./matmul.ts";
import { inverseLength, squash, squashFactor } from "./squash.ts";

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
  /** What an interest and a behaviour agree by: u . (e S), or `similarityScale` times their cosine. */
  readonly similarity: "dot" | "cosine";
  readonly similarityScale: number;
  /** The power of squash, (n^2 / (1 + n^2))^power / n; 0 is L2 normalisation. */
  readonly power: number;
  /** Whether routing starts from logits, or from capsules that stand for the u of an iteration before the first. */
  readonly start: "logits" | "capsules";
  /** Whether there is an S; else S is the identity and its inputs are not read. */
  readonly mapped: boolean;
  /** Whether a behaviour goes to all interests by its weights, or wholly to that of its largest logit, the first of equals. */
  readonly assignment: "soft" | "hard";
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
  /** Logits `[length, interests]`, or capsules as rows of behaviours, `[batch, interests, d]`. */
  readonly start: Float64Array;
  /** 1 / |e S| of each behaviour, `[batch, length, 1]`; there for cosine. */
  readonly inverseNorms?: Float64Array;
}

/** One user's routing, iteration by iteration; `a`, `mapped = a M` and `state` are `[interests, d]`, `w` is `[n, interests]`. */
export interface Trace {
  readonly e: Float64Array;
  readonly n: number;
  readonly count: number;
  /** What the agreement of each behaviour counts: 1 / |e S| for cosine, else 1. */
  readonly factors: Float64Array;
  readonly steps: { w: Float64Array; a: Float64Array; mapped: Float64Array; state: Float64Array }[];
}

export const dotRows = (x: Float64Array, xRow: number, y: Float64Array, yRow: number, d: number) => {
  let sum = 0;
  for (let c = 0; c < d; c++) sum += x[xRow * d + c]! * y[yRow * d + c]!;
  return sum;
};

/** The transposed product `x^T y` of `x [n, p]` and `y [n, q]`. */
export const transposedProduct = (x: Float64Array, y: Float64Array, n: number, p: number, q: number) => {
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
    if (largest === -Infinity) continue;
    for (let m = 0; m < size; m++) total += Math.exp(b[at(m)]! - largest);
    for (let m = 0; m < size; m++) w[at(m)] = Math.exp(b[at(m)]! - largest) / total;
  }
  return w;
}

/** Leaves each behaviour the largest of its logits over the active interests, the first of equals; the others take no part. */
function keepLargest(b: Float64Array, n: number, count: number, interests: number): void {
  for (let i = 0; i < n; i++) {
    const row = b.subarray(i * interests, i * interests + count);
    const largest = row.indexOf(Math.max(...row));
    for (let j = 0; j < count; j++) if (j !== largest) row[j] = -Infinity;
  }
}

/** What a M counts in the agreement of an interest whose |a S|^2 is given. */
export function agreementFactor(norm2: number, { similarity, similarityScale, power }: RouteRule): number {
  return similarity === "cosine" ? similarityScale * inverseLength(norm2) : squashFactor(norm2, power);
}

/** The agreement with u = c S for each capsule c, which is not squashed. */
function startState(capsules: Float64Array, gram: Float64Array, { interests, d }: RouteShape, rule: RouteRule) {
  const mapped = matmul(capsules, gram, interests, d, d);
  if (rule.similarity === "dot") return mapped;
  const factors = Array.from({ length: interests }, (_, j) =>
    agreementFactor(Math.max(0, dotRows(capsules, j, mapped, j, d)), rule),
  );
  return mapped.map((value, at) => factors[Math.floor(at / d)]! * value);
}

/** One user's iterations. */
export function traceUser(
  inputs: Omit<RouteInputs, "transform">,
  shape: RouteShape,
  rule: RouteRule,
  user: number,
): Trace {
  const { length, d, interests } = shape;
  const n = Math.min(inputs.lengths[user]!, length);
  const count = Math.min(inputs.counts[user]!, interests);
  const e = inputs.e.slice(user * length * d, (user * length + n) * d);
  const norms = rule.similarity === "cosine" ? inputs.inverseNorms : undefined;
  const own = norms?.subarray(user * length, user * length + n);
  const factors = Float64Array.from({ length: n }, (_, i) => own?.[i] ?? 1);
  const steps: Trace["steps"] = [];
  const fromLogits = rule.start === "logits";
  const capsules = inputs.start.slice(user * interests * d, (user + 1) * interests * d);
  let state = fromLogits ? new Float64Array(interests * d) : startState(capsules, inputs.gram, shape, rule);
  for (let t = 0; t < rule.iterations; t++) {
    const b = new Float64Array(n * interests);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < interests; j++) {
        const counts = fromLogits && (t === 0 || rule.update === "accumulate");
        const initial = counts ? inputs.start[i * interests + j]! : 0;
        b[i * interests + j] = initial + factors[i]! * dotRows(state, j, e, i, d);
      }
    }
    if (rule.assignment === "hard") keepLargest(b, n, count, interests);
    const w = softmax(b, n, count, interests, rule.competition);
    const a = transposedProduct(w, e, n, interests, d);
    const mapped = matmul(a, inputs.gram, interests, d, d);
    steps.push({ w, a, mapped, state });
    const next = rule.update === "accumulate" ? state.slice() : new Float64Array(state.length);
    for (let j = 0; j < interests; j++) {
      const norm2 = Math.max(0, dotRows(a, j, mapped, j, d));
      const scale = agreementFactor(norm2, rule);
      for (let c = 0; c < d; c++) next[j * d + c]! += scale * mapped[j * d + c]!;
    }
    state = next;
  }
  return { e, n, count, factors, steps };
}

/**
 * B2I dynamic routing (MIND, algorithm 1).
 * @returns interests `u` and their `z` before squash `[batch, interests, h]`; of the last iteration the `weights`
 * `[batch, length, interests]` and `sums` a `[batch, interests, d]`; of every iteration the `trace`: a, a M and the state,
 * `[batch, iterations, 3, interests, d]`
 */
export function route(inputs: RouteInputs, shape: RouteShape, rule: RouteRule) {
  const { batch, length, d, h, interests } = shape;
  const size = interests * d;
  const z = new Float64Array(batch * interests * h);
  const weights = new Float64Array(batch * length * interests);
  const sums = new Float64Array(batch * size);
  const trace = new Float64Array(batch * rule.iterations * 3 * size);
  for (let user = 0; user < batch; user++) {
    const { steps } = traceUser(inputs, shape, rule, user);
    const last = steps.at(-1)!;
    z.set(matmul(last.a, inputs.transform, interests, d, h), user * interests * h);
    weights.set(last.w, user * length * interests);
    sums.set(last.a, user * size);
    for (const [t, step] of steps.entries()) {
      const slot = (user * rule.iterations + t) * 3;
      trace.set(step.a, slot * size);
      if (step !== last) trace.set(step.mapped, (slot + 1) * size);
      trace.set(step.state, (slot + 2) * size);
    }
  }
  return { u: squash(z, h, rule.power), z, weights, sums, trace };
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
