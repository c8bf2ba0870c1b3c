import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { latest as op } from "../../src/ops/latest.ts";
import { latest } from "../../src/reference/latest.ts";

test("the newest behaviour comes first, and users with fewer get padding", () => {
  const history = Uint32Array.of(5, 6, 7, 8, 3, 0, 0, 0, 0, 0, 0, 0);
  expect([...latest(history, Uint32Array.of(4, 1, 0), 3)]).toEqual([8, 7, 6, 3, 0, 0, 0, 0, 0]);
  expect([...latest(history, Uint32Array.of(2, 1, 0), 1)]).toEqual([6, 3, 0]);
});

test("more behaviours than the history is long are padding", () => {
  expect([...latest(Uint32Array.of(5, 6), Uint32Array.of(2), 4)]).toEqual([6, 5, 0, 0]);
});

test("shapes that do not fit are refused with all of them", () => {
  const graph = new Graph();
  const [history, lengths] = [graph.input("history", "u32", [2, 3]), graph.input("lengths", "u32", [3])];
  expect(() => op(history, lengths, 2)).toThrow(
    "latest: expected history [batch, length], lengths [batch] and a count of at least 1, got history [2, 3], lengths [3], count [2]",
  );
});
