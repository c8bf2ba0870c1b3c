import { expect, test } from "vitest";
import { candidates, readSpace } from "../../src/cli/search-space.ts";

test("lists of values are read with the types of their options", () => {
  const parts = ["rate=1e-3", "3e-3", "interests=2", "4", "hidden-layers=none", "256+128", "scoring=chosen", "best"];
  expect([...readSpace(parts, "mind")]).toEqual([
    ["rate", [0.001, 0.003]],
    ["interests", [2, 4]],
    ["hiddenLayers", [[], [256, 128]]],
    ["scoring", ["chosen", "best"]],
  ]);
});

test("without lists, what matters most is tried, as far as the model has it", () => {
  expect([...readSpace(undefined, "mind").keys()]).toEqual([
    ...["interests", "dimension", "rate", "negativeAlpha", "logitDeviation"],
  ]);
  expect([...readSpace(undefined, "youtube-dnn").keys()]).toEqual(["dimension", "rate", "negativeAlpha"]);
});

test.each([
  ["values of nothing", ["3"], "--try 3: expected an option and its values, like rate=1e-3,3e-3"],
  ["an option that the model has not", ["neighbours=3"], "--try neighbours: mind has no such option; it has "],
  ["another model", ["model-name=mind", "wals"], "--try modelName: mind has no such option"],
  ["a value out of range", ["interests=0"], "--try interests: too small: expected number to be >=1, got 0"],
  ["a value twice", ["rate=1e-3", "0.001"], "--try rate: a value is there twice in 1e-3,0.001"],
  ["an option twice", ["rate=1", "rate=2"], "--try rate: it is there twice; name all its values in one list"],
])("%s is refused", (_, parts, message) => {
  expect(() => readSpace(parts, "mind")).toThrow(message);
});

const space = new Map<string, readonly unknown[]>([
  ["rate", [1, 2]],
  ["interests", [2, 4, 8]],
]);

test("a grid has all combinations in order", () => {
  const all = candidates(space, "grid", 1).map(({ rate, interests }) => `${rate} ${interests}`);
  expect(all).toEqual(["1 2", "1 4", "1 8", "2 2", "2 4", "2 8"]);
});

test("random order has the same ones, and is the same for the same seed", () => {
  const random = candidates(space, "random", 5);
  expect(random).toEqual(candidates(space, "random", 5));
  expect(random).not.toEqual(candidates(space, "grid", 5));
  expect(new Set(random.map((candidate) => JSON.stringify(candidate))).size).toBe(6);
});

test("more combinations than anybody tries are refused", () => {
  const wide = Array.from({ length: 50 }, (_, i) => i);
  const large = new Map(["a", "b", "c"].map((key) => [key, wide]));
  expect(() => candidates(large, "random", 1)).toThrow(
    "--try: 125000 combinations are more than 100000; leave some out",
  );
});
