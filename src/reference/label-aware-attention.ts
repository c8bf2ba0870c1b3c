/** How the interests are weighed; see the op of the same name. */
export interface AttentionRule {
  readonly mode: "hard" | "scaled" | "pow";
  readonly scale: number;
  readonly power: number;
}

/** Where `pow` stops growing, so that its softmax stays finite. */
const largestPower = 1e30;

/** The logit of a dot product s, before the softmax. */
function logitOf(s: number, { mode, scale, power }: AttentionRule): number {
  if (mode === "hard") return s;
  if (mode === "scaled") return scale * s;
  if (power === 0) return 1;
  if (s === 0 || (s < 0 && !Number.isInteger(power))) return 0;
  const size = Math.min(Math.abs(s) ** power, largestPower);
  return s < 0 && power % 2 === 1 ? -size : size;
}

function slopeOf(s: number, { mode, scale, power }: AttentionRule): number {
  if (mode === "hard") return 0;
  if (mode === "scaled") return scale;
  if (power === 0 || (s < 0 && !Number.isInteger(power))) return 0;
  if (s === 0) return power === 1 ? 1 : 0;
  if (Math.abs(s) ** power >= largestPower) return 0;
  const size = power * Math.abs(s) ** (power - 1);
  return s < 0 && power % 2 === 0 ? -size : size;
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/**
 * alpha = softmax over the active interests j of the logit of v_j . y, one-hot at the largest in mode `"hard"`;
 * result = sum_j alpha_j v_j. `interests` is `[users, interests, d]`, `label` `[users, d]`.
 */
export function labelAwareAttention(
  interests: Float64Array,
  counts: Uint32Array,
  label: Float64Array,
  d: number,
  rule: AttentionRule,
): [result: Float64Array, alpha: Float64Array] {
  const most = interests.length / label.length;
  const result = new Float64Array(label.length);
  const alpha = new Float64Array(counts.length * most);
  for (let b = 0; b < counts.length; b++) {
    const y = label.subarray(b * d, (b + 1) * d);
    const rows = Array.from({ length: Math.min(counts[b]!, most) }, (_, j) =>
      interests.subarray((b * most + j) * d, (b * most + j + 1) * d),
    );
    const logits = rows.map((row) => logitOf(dot(row, y), rule));
    const largest = Math.max(...logits);
    const winner = logits.indexOf(largest);
    const exponentials = logits.map((logit, j) => (rule.mode === "hard" ? +(j === winner) : Math.exp(logit - largest)));
    const sum = exponentials.reduce((a, x) => a + x, 0);
    for (const [j, row] of rows.entries()) {
      alpha[b * most + j] = exponentials[j]! / sum;
      for (let c = 0; c < d; c++) result[b * d + c]! += alpha[b * most + j]! * row[c]!;
    }
  }
  return [result, alpha];
}

/** The gradients of {@link labelAwareAttention} for interests and label, given `g` for the result and its `alpha`. */
export function labelAwareAttentionBackward(
  interests: Float64Array,
  counts: Uint32Array,
  label: Float64Array,
  g: Float64Array,
  alpha: Float64Array,
  d: number,
  rule: AttentionRule,
): [interests: Float64Array, label: Float64Array] {
  const most = interests.length / label.length;
  const dInterests = new Float64Array(interests.length);
  const dLabel = new Float64Array(label.length);
  for (let b = 0; b < counts.length; b++) {
    const y = label.subarray(b * d, (b + 1) * d);
    const upstream = g.subarray(b * d, (b + 1) * d);
    const count = Math.min(counts[b]!, most);
    const rows = Array.from({ length: count }, (_, j) =>
      interests.subarray((b * most + j) * d, (b * most + j + 1) * d),
    );
    const along = rows.map((row) => dot(row, upstream));
    const mean = along.reduce((sum, value, j) => sum + alpha[b * most + j]! * value, 0);
    for (const [j, row] of rows.entries()) {
      const weight = alpha[b * most + j]!;
      const ds = slopeOf(dot(row, y), rule) * weight * (along[j]! - mean);
      for (let c = 0; c < d; c++) {
        dInterests[(b * most + j) * d + c] = weight * upstream[c]! + ds * y[c]!;
        dLabel[b * d + c]! += ds * row[c]!;
      }
    }
  }
  return [dInterests, dLabel];
}
