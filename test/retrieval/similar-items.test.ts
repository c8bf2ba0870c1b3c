import { expect, test } from "vitest";
import { createEngine } from "../../src/engine.ts";
import { createSimilarItems } from "../../src/retrieval/similar-items.ts";

test("similar items are those of highest cosine, without the item itself", async () => {
  const engine = await createEngine();
  const parameters = engine.createParameters();
  // Lengths differ, so that the order by dot product is another: 4 is long and far from 1; 5 has no direction.
  const vectors = Float32Array.of(9, 9, 1, 0, 2, 1, 0.1, 0, 5, 10, 0, 0, -3, 0);
  parameters.define("vectors", [7, 2], vectors);
  const similar = await createSimilarItems(engine, { name: "vectors", itemCount: 6, dimension: 2, parameters });
  const [first, without, among, zero] = await similar.find([
    { item: 1, top: 4 },
    { item: 1, top: 1, exclude: [3] },
    { item: 1, top: 5, allow: [1, 6, 4] },
    { item: 5, top: 2 },
  ]);
  expect(first!.map(({ item }) => item)).toEqual([3, 2, 4, 5]);
  for (const [i, cosine] of [1, 2 / Math.sqrt(5), 1 / Math.sqrt(5), 0].entries())
    expect(first![i]!.score).toBeCloseTo(cosine, 5);
  expect(without!.map(({ item }) => item)).toEqual([2]);
  expect(among!.map(({ item }) => item)).toEqual([4, 6]);
  expect(zero!.map(({ item }) => item)).toEqual([1, 2]);
  expect(await similar.find([])).toEqual([]);
  similar.dispose();
  engine.dispose();
});
