import { elementCount, type Shape } from "../src/graph/shape.ts";
import type { Feed } from "./kernel-benchmark.ts";

/** Uniform numbers in [-1, 1) of a linear congruential generator: those that the peers' scripts use. */
export function uniform(count: number, seed: number): Float32Array {
  const out = new Float32Array(count);
  let state = seed >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state / 2147483648 - 1;
  }
  return out;
}

/** An array of uniform numbers in [-scale, scale). */
export function floats(shape: Shape, seed: number, scale = 1): Feed {
  const data = uniform(elementCount(shape), seed);
  return { shape, data: scale === 1 ? data : data.map((value) => value * scale) };
}

/** Whole numbers from `least` to `most`, those near `least` more often, as popular items have low ids. */
export function ids(shape: Shape, seed: number, least: number, most: number): Feed {
  const skewed = (value: number) => least + Math.floor(((value + 1) / 2) ** 3 * (most - least + 1));
  return { shape, data: Uint32Array.from(uniform(elementCount(shape), seed), skewed) };
}

/** Each row in ascending order. */
export function sortedRows({ shape, data }: Feed): Feed {
  const width = shape.at(-1)!;
  const sorted = data.slice();
  for (let from = 0; from < data.length; from += width) sorted.subarray(from, from + width).sort();
  return { shape, data: sorted };
}

/** How many behaviours each user has, 1 to `length`: those of the peers' scripts. */
export function behaviourCounts(batch: number, length: number): Uint32Array {
  return Uint32Array.from(uniform(batch, 5), (value) => Math.min(length, 1 + Math.floor(((value + 1) / 2) * length)));
}

export const sum = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
};

/** The same number of every element; `[shape]` filled. */
export function filled(shape: Shape, value: number): Feed {
  return { shape, data: new Float32Array(elementCount(shape)).fill(value) };
}

export function counts(batch: number, value: number): Feed {
  return { shape: [batch], data: new Uint32Array(batch).fill(value) };
}

/** The quantile of ascending numbers, between two of them where it falls there. */
export function quantile(ascending: readonly number[], share: number): number {
  const position = (ascending.length - 1) * share;
  const below = Math.floor(position);
  const low = ascending[below] ?? Number.NaN;
  const high = ascending[Math.min(below + 1, ascending.length - 1)] ?? Number.NaN;
  return low + (high - low) * (position - below);
}
