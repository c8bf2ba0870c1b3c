import { expect, test } from "vitest";
import { mostPopular } from "../../src/models/most-popular.ts";
import { sequencesOf } from "../data/sequences.ts";

test("every history gets the items by how often they occur, without ties", async () => {
  const log = sequencesOf([[5, 2], [2, 4, 1], [4, 2], [1]]);
  const model = mostPopular();
  const { arrays } = await model.pass(log, undefined, async () => {});
  for (const [name, shape] of model.shapes(log.itemCount)) expect(arrays.get(name)?.shape).toEqual(shape);
  const into = new Float32Array(10);
  model.scorer(arrays, 9).score(Uint32Array.of(7), into);
  const order = [...into.keys()].slice(1).sort((a, b) => into[b]! - into[a]!);
  expect(order).toEqual([2, 4, 1, 5, 3, 6, 7, 8, 9]);
  expect(into[2]).toBe(1);
  expect(new Set(into.subarray(1)).size).toBe(9);
});
