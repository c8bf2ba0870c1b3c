import { expect, test } from "vitest";
import { createEngine } from "../../src/engine.ts";
import { Graph } from "../../src/graph/graph.ts";
import { initialCapsules } from "../../src/ops/initial-capsules.ts";
import { drawnPlaces, initialCapsules as reference } from "../../src/reference/initial-capsules.ts";
import { inverseNorms } from "../../src/reference/inverse-norms.ts";
import { describeOp, type Feed, integers, normals, numbers, type OpCase } from "../support/op.ts";

const caseOf = (
  name: string,
  behaviours: Feed,
  lengths: number[],
  limits: number[],
  interests: number,
  options: { readonly threshold?: number; readonly temperature?: number; readonly seed?: number } = {},
): OpCase[] =>
  (["max-min", "markov"] as const).map((method) => ({
    name: `${method}: ${name}`,
    feeds: {
      behaviours,
      lengths: integers([lengths.length], lengths),
      limits: integers([limits.length], limits),
    },
    apply: ({ behaviours, lengths, limits }) => {
      const result = initialCapsules(behaviours!, lengths!, limits!, { interests, method, ...options });
      return [result.capsules, result.interestCounts];
    },
    differentiate: [],
  }));

/** Behaviours around `topics` directions, so that some are neighbours. */
function clusters(batch: number, length: number, d: number, topics: number): Feed {
  const centres = normals([topics, d], 5, 2).data;
  const noise = normals([batch, length, d], 6, 0.3);
  const topicOf = (row: number) => (row * 7 + Math.floor(row / length)) % topics;
  return {
    ...noise,
    data: Float32Array.from(noise.data, (value, i) => value + centres[topicOf(Math.floor(i / d)) * d + (i % d)]!),
  };
}

const one = normals([1, 8]).data;
const equal: Feed = { shape: [2, 5, 8], data: Float32Array.from({ length: 80 }, (_, i) => one[i % 8]!) };

describeOp("initialCapsules", [
  ...caseOf("full and short histories", normals([3, 10, 8]), [10, 3, 7], [4, 1, 2], 4),
  ...caseOf("histories of few topics", clusters(5, 20, 12, 3), [20, 18, 9, 5, 2], [6, 6, 6, 6, 6], 6),
  ...caseOf("a width not a multiple of 4", clusters(2, 9, 5, 2), [9, 8], [3, 4], 4, { seed: 7 }),
  ...caseOf("a user with no behaviours, and one with one", normals([3, 5, 4]), [0, 1, 5], [3, 3, 0], 3),
  ...caseOf("more interests than behaviours", normals([2, 6, 4]), [3, 2], [6, 6], 6),
  ...caseOf("all behaviours equal", equal, [5, 4], [3, 3], 3),
  ...caseOf("behaviours that are all zero", numbers([2, 4, 4], new Array(32).fill(0)), [4, 2], [3, 3], 3),
  ...caseOf("none are neighbours", normals([2, 9, 16]), [9, 9], [5, 3], 5, { threshold: 0.99 }),
  ...caseOf("a low temperature", clusters(3, 12, 8, 4), [12, 11, 3], [5, 5, 5], 5, {
    temperature: 0.05,
    threshold: 0.8,
  }),
  ...caseOf("more users than a workgroup", normals([70, 3, 4]), new Array(70).fill(3), new Array(70).fill(2), 2),
]);

test.each(["max-min", "markov"] as const)(
  "%s: the same history gives the same capsules at any place of any batch",
  async (method) => {
    const [length, d] = [9, 8];
    const own = clusters(1, length, d, 3).data;
    const others = normals([2, length, d], 9).data;
    const engine = await createEngine();
    const capsulesIn = async (rows: Feed["data"], padded: number) => {
      const batch = rows.length / (length * d);
      const graph = new Graph();
      const behaviours = graph.input("behaviours", "f32", [batch, padded, d]);
      const lengths = graph.constant("lengths", [batch], new Uint32Array(batch).fill(length));
      const { capsules } = initialCapsules(behaviours, lengths, lengths, { interests: 4, method });
      const program = await engine.compile({ outputs: { capsules } });
      const spread = new Float32Array(batch * padded * d);
      for (let user = 0; user < batch; user++)
        spread.set(rows.subarray(user * length * d, (user + 1) * length * d), user * padded * d);
      await program.run({ behaviours: spread });
      return [...(await program.read("capsules"))].slice(-4 * d);
    };
    const alone = await capsulesIn(own, length);
    expect(await capsulesIn(Float32Array.of(...others, ...own), length + 5)).toEqual(alone);
    engine.dispose();
  },
);

const inputsOf = (rows: readonly (readonly number[])[], limit: number) => {
  const e = Float64Array.from(rows.flat());
  return {
    e,
    lengths: Uint32Array.of(rows.length),
    limits: Uint32Array.of(limit),
    drawn: drawnPlaces(rows.length, 1).fill(2),
    inverseNorms: inverseNorms(e, 2),
  };
};
const rule = { interests: 3, temperature: 0.1, threshold: 0.5 };

test("max-min takes the drawn behaviour, the farthest from it, and the farthest from both", () => {
  const rows = [
    [0, 0],
    [10, 0],
    [1, 0],
    [4, 3],
  ] as const;
  const { capsules } = reference(inputsOf(rows, 3), 4, 2, { ...rule, method: "max-min" });
  expect([...capsules]).toEqual([1, 0, 10, 0, 4, 3]);
});

test("markov takes one of each topic, the largest topic first, and as many as there are topics", () => {
  const rows = [
    [0, 1],
    [5, 0.1],
    [1, -0.1],
    [3, 0],
    [0.1, 3],
  ] as const;
  const { capsules, counts } = reference(inputsOf(rows, 3), 5, 2, { ...rule, method: "markov" });
  expect([...counts]).toEqual([2]);
  expect([...capsules]).toEqual([3, 0, 0.1, 3, 0, 0]);
});

test("the share of the weights is the stationary distribution of the walk", () => {
  const rows = [...normals([6, 4]).data];
  const at = (i: number) => rows.slice(4 * i, 4 * i + 4);
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, c) => sum + value * y[c]!, 0);
  const weight = (i: number, l: number) =>
    i === l ? 0 : Math.exp(dot(at(i), at(l)) / Math.hypot(...at(i)) / Math.hypot(...at(l)) / 0.1);
  const degrees = Array.from({ length: 6 }, (_, i) => [0, 1, 2, 3, 4, 5].reduce((sum, l) => sum + weight(i, l), 0));
  let state = new Array<number>(6).fill(1 / 6);
  for (let step = 0; step < 2000; step++) {
    state = state.map((_, l) => state.reduce((sum, p, i) => sum + (p * weight(i, l)) / degrees[i]!, 0));
  }
  const total = degrees.reduce((sum, degree) => sum + degree);
  for (let i = 0; i < 6; i++) expect(state[i]).toBeCloseTo(degrees[i]! / total, 6);
});
