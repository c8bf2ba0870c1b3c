import fc from "fast-check";
import { expect, test } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { plan } from "../../src/graph/plan.ts";
import { add } from "../../src/ops/add.ts";
import { squash } from "../../src/ops/squash.ts";

test("only nodes that the goal needs are planned", () => {
  const graph = new Graph();
  const x = graph.input("x", "f32", [2, 4]);
  squash(x);
  const wanted = add(x, x);
  expect(plan({ outputs: { wanted } }).deviceNodes.map((node) => node.op.name)).toEqual(["add"]);
});

test("a chain of values shares two buffers, beside the one that is kept", () => {
  const graph = new Graph();
  let value = graph.input("x", "f32", [8, 4]);
  for (let i = 0; i < 10; i++) value = squash(value);
  expect(plan({ outputs: { value } }).slotBytes).toHaveLength(2);
});

test("values that are alive together never share a buffer, in any graph", () => {
  const choices = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(choices, (pairs) => {
      const graph = new Graph();
      const values: Value[] = [graph.input("x", "f32", [3, 4])];
      for (const [a, b] of pairs) values.push(add(values[a % values.length]!, values[b % values.length]!));
      const { deviceNodes, slotOf } = plan({ outputs: { last: values.at(-1)!, middle: values[values.length >> 1]! } });
      // Replays the plan with tokens in place of arrays: every read must find what was written for it.
      const held = new Map<number, Value>();
      for (const node of deviceNodes) {
        for (const input of node.inputs) if (slotOf.has(input)) expect(held.get(slotOf.get(input)!)).toBe(input);
        for (const output of node.outputs) {
          expect(node.inputs.map((input) => slotOf.get(input))).not.toContain(slotOf.get(output));
          held.set(slotOf.get(output)!, output);
        }
      }
      for (const kept of [values.at(-1)!, values[values.length >> 1]!]) {
        if (slotOf.has(kept)) expect(held.get(slotOf.get(kept)!)).toBe(kept);
      }
    }),
  );
});

test("an empty goal is refused", () => {
  expect(() => plan({ outputs: {} })).toThrow("compile: expected at least one output or update");
});
