import { matmul } from "./matmul.ts";
import {
  agreementFactor,
  dotRows,
  type RouteInputs,
  type RouteRule,
  type RouteShape,
  type Trace,
  traceUser,
  transposedProduct,
} from "./route.ts";
import { inverseLength, squashSlope } from "./squash.ts";

/**
 * The gradient through every iteration.
 * @param daLast the gradient of the last iteration's a, `[batch, interests, d]`
 * @param dWeights that of its weights beside what `daLast` says of them, `[batch, length, interests]`; default none
 * @returns `de [batch, length, d]`; `across [batch, iterations, 3, interests, d]` with zeros but where the forward trace has a, so
 * that dM = sum of trace^T across; and `dInverseNorms [batch, length, 1]`
 */
export function routeBackwardAll(
  inputs: Omit<RouteInputs, "transform">,
  daLast: Float64Array,
  shape: RouteShape,
  rule: RouteRule,
  dWeights?: Float64Array,
) {
  const { batch, length, d, interests } = shape;
  const size = interests * d;
  const de = new Float64Array(batch * length * d);
  const across = new Float64Array(batch * rule.iterations * 3 * size);
  const dInverseNorms = new Float64Array(batch * length);
  for (let user = 0; user < batch; user++) {
    const { e, n, count, factors, steps } = traceUser(inputs, shape, rule, user);
    const deUser = de.subarray(user * length * d, (user * length + n) * d);
    let da = daLast.slice(user * size, (user + 1) * size);
    let dState = new Float64Array(size);
    for (let t = rule.iterations - 1; t >= 0; t--) {
      const { w, state } = steps[t]!;
      const isLast = t === rule.iterations - 1;
      const more = isLast ? dWeights?.subarray(user * length * interests, (user + 1) * length * interests) : undefined;
      const db = softmaxBackward(w, e, da, n, count, shape, rule, more);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < count; j++) {
          dInverseNorms[user * length + i]! += db[i * interests + j]! * dotRows(state, j, e, i, d);
          db[i * interests + j]! *= factors[i]!;
        }
      }
      const reached = matmul(w, da, n, interests, d);
      const steered = matmul(db, state, n, interests, d);
      for (let at = 0; at < n * d; at++) deUser[at]! += reached[at]! + steered[at]!;
      if (t === 0) break;
      const fresh = transposedProduct(db, e, n, interests, d);
      dState = rule.update === "accumulate" ? dState.map((value, i) => value + fresh[i]!) : fresh;
      const previous = agreementBackward(steps[t - 1]!, dState, inputs.gram, shape, rule);
      across.set(previous.across, (user * rule.iterations + t - 1) * 3 * size);
      da = previous.da;
    }
  }
  return { de, across, dInverseNorms };
}

/** From dw_ij = da_j . e_i, and `more` of it, to db through the softmax. */
function softmaxBackward(
  w: Float64Array,
  e: Float64Array,
  da: Float64Array,
  n: number,
  count: number,
  { d, interests }: RouteShape,
  { competition }: RouteRule,
  more?: Float64Array,
): Float64Array {
  const dw = new Float64Array(w.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < count; j++) {
      dw[i * interests + j] = dotRows(da, j, e, i, d) + (more?.[i * interests + j] ?? 0);
    }
  }
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
  { interests, d }: RouteShape,
  rule: RouteRule,
) {
  const across = new Float64Array(interests * d);
  const da = new Float64Array(interests * d);
  const through = matmul(dg, gram, interests, d, d);
  for (let j = 0; j < interests; j++) {
    const norm2 = Math.max(0, dotRows(step.a, j, step.mapped, j, d));
    const scale = agreementFactor(norm2, rule);
    const slope = agreementSlope(norm2, rule) * dotRows(dg, j, step.mapped, j, d);
    for (let c = 0; c < d; c++) {
      across[j * d + c] = scale * dg[j * d + c]! + slope * step.a[j * d + c]!;
      da[j * d + c] = scale * through[j * d + c]! + 2 * slope * step.mapped[j * d + c]!;
    }
  }
  return { across, da };
}

/** The derivative of {@link agreementFactor} by |a S|^2. */
function agreementSlope(norm2: number, { similarity, similarityScale, power }: RouteRule): number {
  return similarity === "cosine" ? -0.5 * similarityScale * inverseLength(norm2) ** 3 : squashSlope(norm2, power) / 2;
}
