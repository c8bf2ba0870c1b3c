import { expect, test } from "vitest";
import { randomStream } from "../../src/reference/random.ts";
import { layOut } from "../../src/report/layout.ts";

const stream = randomStream(3);
const dimension = 8;

/** Vectors around one axis for each of 4 clusters, 30 in each, of different lengths. */
const vectors = new Float32Array(120 * dimension).map((_, i) => {
  const row = Math.floor(i / dimension);
  return (1 + (row % 3)) * ((i % dimension === row % 4 ? 1 : 0) + 0.1 * (stream.uniform(i) - 0.5));
});

test("vectors of one direction lie together, at every call in the same places", async () => {
  const { x, y } = await layOut(vectors, dimension);
  expect(await layOut(vectors, dimension)).toEqual({ x, y });
  for (const axis of [x, y]) {
    expect(Math.min(...axis)).toBe(0);
    expect(Math.max(...axis)).toBe(1);
  }
  for (const row of x.keys()) {
    const distances = x.map((_, other) => (other === row ? 9 : Math.hypot(x[other]! - x[row]!, y[other]! - y[row]!)));
    expect(distances.indexOf(Math.min(...distances)) % 4, `nearest to ${row}`).toBe(row % 4);
  }
});

test("a catalogue of three items is laid out, too", async () => {
  const { x, y } = await layOut(vectors.slice(0, 3 * dimension), dimension);
  expect([x.length, y.length]).toEqual([3, 3]);
  expect(new Set(x).size).toBe(3);
});
