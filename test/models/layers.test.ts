import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { catalogue } from "../../src/models/catalogue.ts";
import { withRecent } from "../../src/models/layers.ts";

/** The first weights of the sums beside `interests` interests, the first column alone: `[interests][places]`. */
function firstWeights(interests: number, recentBehaviours: number, length = 40): number[][] {
  const [dimension, batch] = [4, 2];
  const graph = new Graph();
  const items = catalogue(graph, { itemCount: 9, dimension, embeddingDeviation: 1, seed: 1 });
  const users = {
    history: graph.input("history", "u32", [batch, length]),
    lengths: graph.input("lengths", "u32", [batch]),
    profile: [],
  };
  const capsules = graph.input("capsules", "f32", [batch, interests, dimension]);
  const joined = withRecent(graph, capsules, users, items, { recentBehaviours, dimension, length });
  expect(joined.shape).toEqual([batch, interests, 2 * dimension]);
  const { initial, shape } = graph.values.find(({ name }) => name === "recent.weight")!;
  const places = shape[1]!;
  const data = initial!();
  return Array.from({ length: interests }, (_, j) =>
    Array.from({ length: places }, (_, t) => data[(j * places + t) * dimension]!),
  );
}

test("the sums of a user's interests begin with half-lives from under one place to twenty", () => {
  const weights = firstWeights(4, 40);
  const halfLives = weights.map(([newest, second]) => -1 / Math.log2(second! / newest!));
  expect(halfLives[0]).toBeCloseTo(0.75, 4);
  expect(halfLives[3]).toBeCloseTo(20, 2);
  const growth = halfLives.slice(1).map((life, j) => life / halfLives[j]!);
  for (const factor of growth) expect(factor).toBeCloseTo(growth[0]!, 2);
  // Means: all the weights there could be sum to 1, and half of the longest lies in the first twenty places.
  expect(weights[0]!.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 4);
  expect(weights[3]!.slice(0, 20).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(0.5, 4);
});

test("a single interest has a sum of middle half-life, and no more places than the history", () => {
  const [weights] = firstWeights(1, 20, 6);
  expect(weights).toHaveLength(6);
  expect(-1 / Math.log2(weights![1]! / weights![0]!)).toBeCloseTo(Math.sqrt(0.75 * 20), 3);
});
