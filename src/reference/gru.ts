/** Sizes of a GRU over `x [batch, length, 3 h]`. */
export interface GruSizes {
  readonly batch: number;
  readonly length: number;
  readonly h: number;
  /** Rows of the kept states of a step: the batch and rows of zeros behind it. */
  readonly rows: number;
}

export interface GruInputs {
  /** What the inputs contribute to reset, update and candidate, `[batch, length, 3 h]`. */
  readonly x: Float64Array;
  /** `[h, 3 h]` */
  readonly recurrent: Float64Array;
  /** `[3 h]` */
  readonly bias: Float64Array;
  readonly lengths: Uint32Array;
}

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** The gates of one column of one user at one step, from x and p of reset, update and candidate. */
function gatesOf(x: Float64Array, xAt: number, p: Float64Array, pAt: number, h: number) {
  const r = sigmoid(x[xAt]! + p[pAt]!);
  const z = sigmoid(x[xAt + h]! + p[pAt + h]!);
  return { r, z, n: Math.tanh(x[xAt + 2 * h]! + r * p[pAt + 2 * h]!) };
}

/**
 * A gated recurrent unit, reset applied after the product (cuDNN's and PyTorch's form of Cho et al. 2014), step by step:
 * p = h U + b; r = sigmoid(x_r + p_r); z = sigmoid(x_z + p_z); n = tanh(x_n + r p_n); h = (1 - z) n + z h.
 * A user whose history is over keeps its state.
 * @returns the final states `[batch, h]`; the state before each step `[length, rows, h]` and p `[length, rows, 3 h]`
 */
export function gru({ x, recurrent, bias, lengths }: GruInputs, { batch, length, h, rows }: GruSizes) {
  const final = new Float64Array(batch * h);
  const states = new Float64Array(length * rows * h);
  const p = new Float64Array(length * rows * 3 * h);
  for (let t = 0; t < length; t++) {
    for (let user = 0; user < rows; user++) {
      const state = (t * rows + user) * h;
      const product = 3 * state;
      for (let k = 0; k < 3 * h; k++) {
        p[product + k] = bias[k]!;
        for (let c = 0; c < h; c++) p[product + k]! += states[state + c]! * recurrent[c * 3 * h + k]!;
      }
      if (user >= batch) continue;
      for (let c = 0; c < h; c++) {
        const { z, n } = gatesOf(x, (user * length + t) * 3 * h + c, p, product + c, h);
        const before = states[state + c]!;
        const after = t < lengths[user]! ? (1 - z) * n + z * before : before;
        if (t + 1 < length) states[state + rows * h + c] = after;
        else final[user * h + c] = after;
      }
    }
  }
  return { final, states, p };
}

/**
 * The gradients of x, `[batch, length, 3 h]`, and of p, `[length, rows, 3 h]`, for the gradient of the final states.
 * Those of U and b follow: the sums over all rows of states^T dp and of dp.
 */
export function gruBackward(
  { x, recurrent, lengths }: Omit<GruInputs, "bias">,
  { states, p }: { readonly states: Float64Array; readonly p: Float64Array },
  upstream: Float64Array,
  { batch, length, h, rows }: GruSizes,
) {
  const dx = new Float64Array(x.length);
  const dp = new Float64Array(p.length);
  for (let user = 0; user < batch; user++) {
    let dh = upstream.slice(user * h, (user + 1) * h);
    for (let t = length - 1; t >= 0; t--) {
      if (t >= lengths[user]!) continue;
      const state = (t * rows + user) * h;
      const before = new Float64Array(h);
      for (let c = 0; c < h; c++) {
        const xAt = (user * length + t) * 3 * h + c;
        const pAt = 3 * state + c;
        const { r, z, n } = gatesOf(x, xAt, p, pAt, h);
        const dn = dh[c]! * (1 - z) * (1 - n * n);
        const dr = dn * p[pAt + 2 * h]! * r * (1 - r);
        const dz = dh[c]! * (states[state + c]! - n) * z * (1 - z);
        dx.set([dr], xAt);
        dx.set([dz], xAt + h);
        dx.set([dn], xAt + 2 * h);
        dp.set([dr], pAt);
        dp.set([dz], pAt + h);
        dp.set([dn * r], pAt + 2 * h);
        before[c] = dh[c]! * z;
      }
      for (let c = 0; c < h; c++) {
        for (let k = 0; k < 3 * h; k++) before[c]! += dp[3 * state + k]! * recurrent[c * 3 * h + k]!;
      }
      dh = before;
    }
  }
  return { dx, dp };
}
