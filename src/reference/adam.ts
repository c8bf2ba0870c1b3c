import { fromHalf, randomWords, toHalfAtRandom } from "./half.ts";
import { addReceived, type RowPart } from "./rows-to-dense.ts";

export interface AdamDecay {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** A parameter and its moments. */
export interface AdamState {
  readonly parameter: Float64Array;
  readonly firstMoment: Float64Array;
  readonly secondMoment: Float64Array;
}

/** The rate of step t >= 1, which falls by half every `halfLife` steps from that of the first. */
export const fallenRate = (step: number, rate: number, halfLife: number): number => rate * 2 ** ((1 - step) / halfLife);

/** The bias corrections of step t >= 1 with the rate folded in: [rate / (1 - beta1^t), 1 / (1 - beta2^t), t mod 2^24]. */
export function adamSchedule(step: number, rate: number, beta1: number, beta2: number): Float64Array {
  return Float64Array.of(rate / (1 - beta1 ** step), 1 / (1 - beta2 ** step), step % 2 ** 24);
}

/** Adam (Kingma and Ba, algorithm 1) for one element, in place. */
function move(state: AdamState, i: number, gradient: number, schedule: Float64Array, decay: AdamDecay): void {
  const { parameter, firstMoment, secondMoment } = state;
  const g = gradient + decay.weightDecay * parameter[i]!;
  firstMoment[i] = decay.beta1 * firstMoment[i]! + (1 - decay.beta1) * g;
  secondMoment[i] = decay.beta2 * secondMoment[i]! + (1 - decay.beta2) * g * g;
  parameter[i]! -= (schedule[0]! * firstMoment[i]!) / (Math.sqrt(secondMoment[i]! * schedule[1]!) + decay.epsilon);
}

/** Moves every element of the state by its gradient, in place. */
export function adamDense(state: AdamState, gradient: Float64Array, schedule: Float64Array, decay: AdamDecay): void {
  for (let i = 0; i < gradient.length; i++) move(state, i, gradient[i]!, schedule, decay);
}

/**
 * Moves the rows that occur, in place; each by the sum of what its occurrences received, in their order. With `half` the
 * parameter is rounded to halves at random, by a hash of its place and the step.
 */
export function adamRows(
  state: AdamState,
  parts: readonly RowPart[],
  order: Uint32Array,
  touched: Uint32Array,
  starts: Uint32Array,
  count: number,
  d: number,
  schedule: Float64Array,
  decay: AdamDecay,
  half = false,
): void {
  const gradient = new Float64Array(d);
  for (let r = 0; r < count; r++) {
    gradient.fill(0);
    for (let k = starts[r]!; k < starts[r + 1]!; k++) addReceived(parts, order[k]!, d, gradient, 0);
    const row = touched[r]!;
    for (let c = 0; c < d; c++) move(state, row * d + c, gradient[c]!, schedule, decay);
    if (half) roundRow(state.parameter, row, d, schedule[2]!);
  }
}

function roundRow(parameter: Float64Array, row: number, d: number, step: number): void {
  for (let c = 0; c < d; c++) {
    const random = randomWords(row, Math.floor(c / 4), step)[c % 4]!;
    parameter[row * d + c] = fromHalf(toHalfAtRandom(parameter[row * d + c]!, random));
  }
}
