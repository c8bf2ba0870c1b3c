import { randomStream } from "../reference/random.ts";

/** Vectors in two dimensions by UMAP over cosines, the same at every call; both axes lie in [0, 1]. */
export async function layOut(vectors: Float32Array, dimension: number): Promise<{ x: number[]; y: number[] }> {
  const count = vectors.length / dimension;
  const units = Array.from({ length: count }, (_, row) =>
    unit(vectors.subarray(row * dimension, (row + 1) * dimension)),
  );
  if (count < 4) return { x: units.map((_, row) => (row + 0.5) / count), y: units.map(() => 0.5) };
  // 200 KB of code that only a report needs.
  const { UMAP } = await import("umap-js");
  const stream = randomStream(1);
  let drawn = 0;
  const umap = new UMAP({
    nComponents: 2,
    nNeighbors: Math.min(15, count - 1),
    minDist: 0.15,
    nEpochs: 250,
    random: () => stream.uniform(drawn++),
  });
  const positions = await umap.fitAsync(units);
  return { x: toUnit(positions.map(([x]) => x!)), y: toUnit(positions.map(([, y]) => y!)) };
}

/** Squared Euclidean distances of unit vectors are 2 - 2 cosine. */
function unit(vector: Float32Array): number[] {
  const length = Math.hypot(...vector) || 1;
  return Array.from(vector, (value) => value / length);
}

function toUnit(values: readonly number[]): number[] {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  return values.map((value) => (value - low) / span);
}
