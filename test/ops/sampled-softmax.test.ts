import { describe, expect, test } from "vitest";
import { gradients } from "../../src/autograd.ts";
import { createEngine } from "../../src/engine.ts";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { interpret } from "../../src/graph/interpreter.ts";
import { plan } from "../../src/graph/plan.ts";
import {
  fullSoftmax,
  listSoftmax,
  type MultiInterestLossOptions,
  sampledSoftmax,
} from "../../src/ops/sampled-softmax.ts";
import { expectClose, normals } from "../support/op.ts";

const [users, interests, d, items, count] = [4, 3, 5, 9, 6] as const;

/** A loss whose interests and tables are parameters, so that it is differentiated from end to end. */
function build(
  lossOf: (graph: Graph, options: MultiInterestLossOptions) => Value,
  more: Partial<MultiInterestLossOptions>,
) {
  const graph = new Graph();
  const options = {
    interests: graph.parameter("interests", [users, interests, d], (shape) => normals(shape, 1).data as Float32Array),
    interestCounts: graph.constant("counts", [users], Uint32Array.of(3, 1, 0, 2)),
    positive: graph.parameter("positive", [users, d], (shape) => normals(shape, 2).data as Float32Array),
    targetIds: graph.constant("targets", [users], Uint32Array.of(2, 9, 4, 7)),
    weights: graph.constant("weights", [users], Float32Array.of(1, 2, 1, 0)),
    temperature: 0.5,
    ...more,
  };
  const loss = lossOf(graph, options);
  const parameters = new Map(
    graph.values
      .filter((value) => value.role === "parameter")
      .map((value) => [value.name, Float64Array.from(value.initial!())] as const),
  );
  return { graph, loss, parameters };
}

const sampled = (graph: Graph, options: MultiInterestLossOptions & { readonly hardness?: number }) =>
  sampledSoftmax({
    ...options,
    negatives: graph.parameter("negatives", [count, d], (shape) => normals(shape, 3).data as Float32Array),
    negativeIds: graph.constant("negativeIds", [count], Uint32Array.of(1, 2, 3, 2, 9, 5)),
    logExpected: graph.constant("logExpected", [items + 1], normals([items + 1], 4).data),
  });

const hard = (graph: Graph, options: MultiInterestLossOptions) => sampled(graph, { ...options, hardness: 1.5 });

const ownLists = (graph: Graph, options: MultiInterestLossOptions & { readonly hardness?: number }) =>
  listSoftmax({
    ...options,
    negatives: graph.parameter("negatives", [users, 3, d], (shape) => normals(shape, 3).data as Float32Array),
    negativeIds: graph.constant("negativeIds", [users, 3], Uint32Array.of(1, 2, 3, 8, 0, 0, 4, 4, 1, 5, 6, 7)),
  });

const hardLists = (graph: Graph, options: MultiInterestLossOptions) => ownLists(graph, { ...options, hardness: 1.5 });

const full = (graph: Graph, options: MultiInterestLossOptions) =>
  fullSoftmax({
    ...options,
    table: graph.parameter("table", [items + 1, d], (shape) => normals(shape, 5).data as Float32Array),
  });

const cases: readonly [string, typeof sampled, Partial<MultiInterestLossOptions>][] = [
  ["sampled softmax, chosen by hard attention", sampled, {}],
  ["sampled softmax, chosen by scaled attention", sampled, { attention: { mode: "scaled", scale: 0.8 } }],
  ["sampled softmax, best", sampled, { scoring: "best" }],
  ["sampled softmax, chosen, interests kept apart", sampled, { decorrelation: { scale: 2, margin: 0.1 } }],
  ["sampled softmax, best, kept apart", sampled, { scoring: "best", decorrelation: { scale: 2, margin: 0.1 } }],
  ["full softmax, best, kept apart", full, { scoring: "best", decorrelation: { scale: 2, margin: 0.1 } }],
  ["hard negatives, chosen by hard attention", hard, {}],
  ["hard negatives, best", hard, { scoring: "best" }],
  ["own lists, chosen by scaled attention", ownLists, { attention: { mode: "scaled", scale: 0.8 } }],
  ["own lists, best, kept apart", ownLists, { scoring: "best", decorrelation: { scale: 2, margin: 0.1 } }],
  ["own lists, hard negatives, best", hardLists, { scoring: "best" }],
  ["full softmax, chosen by hard attention", full, {}],
  ["full softmax, chosen by scaled attention", full, { attention: { mode: "scaled" } }],
  ["full softmax, best", full, { scoring: "best" }],
];

describe("composed losses", () => {
  test.each(cases)("%s: gradients agree with central differences", (_, lossOf, more) => {
    const { graph, loss, parameters } = build(lossOf, more);
    const forward = plan({ outputs: { loss } });
    const used = graph.values.filter((value) => value.role === "parameter" && forward.isUsed(value));
    const found = gradients(loss, used);
    const outputs = Object.fromEntries([...found].map(([value, gradient]) => [value.name, gradient as Value]));
    const tensors = interpret(plan({ outputs }), {}, parameters);
    for (const value of used) {
      const array = parameters.get(value.name)!;
      const numeric = array.map((_, i) => {
        const at = (step: number) => {
          const moved = new Map(parameters).set(value.name, array.with(i, array[i]! + step));
          return interpret(forward, {}, moved).get(loss)!.data[0]!;
        };
        return (at(1e-5) - at(-1e-5)) / 2e-5;
      });
      const gradient = outputs[value.name];
      const analytic = gradient ? (tensors.get(gradient)!.data as Float64Array) : new Float64Array(array.length);
      expectClose(`gradient of ${value.name}`, analytic, numeric, 1e-7);
    }
  });

  test.each([
    ["sampled softmax", "best", 5, sampled],
    ["sampled softmax", "chosen", 7, sampled],
    ["hard negatives", "best", 5, hard],
    ["hard negatives", "chosen", 7, hard],
    ["own lists", "best", 4, ownLists],
    ["own lists", "chosen", 6, ownLists],
  ] as const)("%s, %s, takes %i launches forward and backward", async (_, scoring, launches, lossOf) => {
    const { graph, loss } = build(lossOf, { scoring });
    const found = gradients(
      loss,
      graph.values.filter(({ role }) => role === "parameter"),
    );
    const outputs = Object.fromEntries([...found].map(([value, gradient]) => [value.name, gradient as Value]));
    const engine = await createEngine();
    const program = await engine.compile({ outputs: { ...outputs, loss } });
    expect(Object.keys(outputs).sort()).toEqual(["interests", "negatives", "positive"]);
    expect(program.dispatches).toBe(launches);
    engine.dispose();
  });

  test.each([
    ["sampled", sampled],
    ["full", full],
  ] as const)("%s softmax adds the same for interests that are alike, whatever scores", (_, lossOf) => {
    const costOf = (scoring: "best" | "chosen") => {
      const [apart, plain] = [{ scale: 2, margin: 0 }, undefined].map((decorrelation) => {
        const { loss, parameters } = build(lossOf, { scoring, decorrelation });
        return interpret(plan({ outputs: { loss } }), {}, parameters).get(loss)!.data[0]!;
      });
      return apart! - plain!;
    };
    expect(costOf("best")).toBeGreaterThan(0.01);
    expect(costOf("best")).toBeCloseTo(costOf("chosen"), 12);
  });

  test("with one interest each both scorings are the same", () => {
    const lossOf = (scoring: "chosen" | "best") => {
      const { graph, loss, parameters } = build(
        (graph, options) =>
          sampled(graph, { ...options, interestCounts: graph.constant("one", [users], Uint32Array.of(1, 1, 1, 1)) }),
        { scoring },
      );
      expect(graph.nodes.length).toBeGreaterThan(0);
      return interpret(plan({ outputs: { loss } }), {}, parameters).get(loss)!.data[0]!;
    };
    expect(lossOf("best")).toBeCloseTo(lossOf("chosen"), 12);
  });
});
