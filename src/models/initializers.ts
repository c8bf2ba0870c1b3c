import type { Initializer } from "../graph/graph.ts";
import { elementCount, lastDimension, type Shape } from "../graph/shape.ts";
import { randomStream } from "../reference/random.ts";

/** A random first content depends on the seed and on the parameter's name, so parameters can be added without moving others. */
export interface Seeded {
  readonly seed: number;
  readonly name: string;
}

/** Streams of parameters lie between that of the routing logits and those of the data layer. */
const firstStream = 2;

/** A 27-bit FNV-1a hash of the name chooses the stream. */
function streamOf({ seed, name }: Seeded) {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return randomStream(seed, firstStream + (hash >>> 5));
}

export const zeros: Initializer = (shape) => new Float32Array(elementCount(shape));

/** Calls `value` for every element, several times as fast as `Float32Array.from` does, which tells for millions of them. */
function filled(shape: Shape, value: (index: number) => number): Float32Array {
  const array = new Float32Array(elementCount(shape));
  for (let i = 0; i < array.length; i++) array[i] = value(i);
  return array;
}

/** Normal numbers of standard deviation `deviation`. */
export function normal(deviation: number, seeded: Seeded): Initializer {
  const stream = streamOf(seeded);
  return (shape) => filled(shape, (i) => deviation * stream.normal(i));
}

/** Row p holds rate^(p - 1) in every column, so row 1 holds ones; row 0, the padding, is zero. */
export function decaying(rate: number): Initializer {
  return (shape) =>
    filled(shape, (i) => rate ** (Math.floor(i / lastDimension(shape)) - 1)).fill(0, 0, lastDimension(shape));
}

/** An embedding table: normal, with zeros in row 0, the padding. */
export function embeddings(deviation: number, seeded: Seeded): Initializer {
  const fill = normal(deviation, seeded);
  return (shape) => fill(shape).fill(0, 0, lastDimension(shape));
}

/** Uniform numbers within sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010), for a weight `[in, out]`. */
export function glorot(seeded: Seeded): Initializer {
  const stream = streamOf(seeded);
  return (shape) => {
    const bound = Math.sqrt(6 / (shape[0]! + lastDimension(shape)));
    return filled(shape, (i) => bound * (2 * stream.uniform(i) - 1));
  };
}

/** A matrix with orthonormal rows or columns, whichever are fewer (Gram-Schmidt on normal numbers). */
export function orthogonal(seeded: Seeded): Initializer {
  const stream = streamOf(seeded);
  return ([rows, columns]: Shape) => {
    const wide = rows! <= columns!;
    const count = wide ? rows! : columns!;
    const size = wide ? columns! : rows!;
    const vectors = Array.from({ length: count }, (_, r) =>
      Float64Array.from({ length: size }, (_, c) => stream.normal(r * size + c)),
    );
    for (const [r, vector] of vectors.entries()) {
      for (const earlier of vectors.slice(0, r)) {
        const along = vector.reduce((sum, value, c) => sum + value * earlier[c]!, 0);
        for (let c = 0; c < size; c++) vector[c]! -= along * earlier[c]!;
      }
      const norm = Math.hypot(...vector);
      for (let c = 0; c < size; c++) vector[c]! /= norm;
    }
    return Float32Array.from({ length: rows! * columns! }, (_, i) => {
      const [r, c] = [Math.floor(i / columns!), i % columns!];
      return wide ? vectors[r]![c]! : vectors[c]![r]!;
    });
  };
}
