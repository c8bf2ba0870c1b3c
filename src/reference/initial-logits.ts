import { randomStream } from "./random.ts";

/** The stream of initial routing logits, apart from those of data and parameters. */
const logitStream = 1;

/**
 * Gaussian initial routing logits (MIND, section 4.2.3), `[length, interests]`. They depend on (seed, i, j) alone: the same
 * history gives the same interests in training, evaluation and serving, in any batch and whatever `interests` is.
 */
export function initialLogits(
  length: number,
  interests: number,
  { deviation = 1, seed = 1 }: { readonly deviation?: number; readonly seed?: number } = {},
): Float32Array {
  const stream = randomStream(seed, logitStream);
  return Float32Array.from({ length: length * interests }, (_, at) => {
    const [i, j] = [Math.floor(at / interests), at % interests];
    return deviation * stream.normal(i * 1024 + j);
  });
}
