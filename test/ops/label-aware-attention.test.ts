import { expect, test } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { type LabelAwareAttentionOptions, labelAwareAttention } from "../../src/ops/label-aware-attention.ts";
import { labelAwareAttention as reference } from "../../src/reference/label-aware-attention.ts";
import { describeOp, integers, normals, numbers, type OpCase } from "../support/op.ts";

const pair = Float64Array.of(1, 0, 0, 2);

test("hard attention picks the largest product, the lowest interest winning a tie", () => {
  const rule = { mode: "hard", scale: 1, power: 1 } as const;
  expect([...reference(pair, Uint32Array.of(2), Float64Array.of(1, 1), 2, rule)[0]]).toEqual([0, 2]);
  expect([...reference(pair, Uint32Array.of(2), Float64Array.of(2, 1), 2, rule)[0]]).toEqual([1, 0]);
});

test("power 0 averages the active interests", () => {
  const rule = { mode: "pow", scale: 1, power: 0 } as const;
  expect([...reference(pair, Uint32Array.of(2), Float64Array.of(3, -1), 2, rule)[0]]).toEqual([0.5, 1]);
});

test("a negative power is refused with what it expected", () => {
  const graph = new Graph();
  const input = (name: string, shape: number[]) => graph.input(name, name === "counts" ? "u32" : "f32", shape);
  const values = [input("v", [1, 2, 4]), input("counts", [1]), input("y", [1, 4])] as const;
  expect(() => labelAwareAttention(...values, { mode: "pow", power: -1 })).toThrow(/power of at least 0, got -1/);
});

function attention(
  name: string,
  [users, interests, d]: readonly [number, number, number],
  options: LabelAwareAttentionOptions,
  more: Partial<OpCase> & { counts?: readonly number[]; scale?: number } = {},
): OpCase {
  const { counts = Array.from({ length: users }, (_, b) => (b % interests) + 1), scale = 1, ...rest } = more;
  return {
    name,
    feeds: {
      interests: normals([users, interests, d], 1, scale),
      counts: integers([users], counts),
      label: normals([users, d], 2),
    },
    apply: (values) => {
      const { interests: v, counts: n, label } = values as Record<string, Value>;
      return labelAwareAttention(v!, n!, label!, options);
    },
    ...(options.mode === "hard" ? { differentiate: ["interests"] } : {}),
    ...rest,
  };
}

describeOp("labelAwareAttention", [
  attention("hard", [5, 4, 8], { mode: "hard" }),
  attention("hard, a user without interests", [3, 4, 6], { mode: "hard" }, { counts: [0, 4, 1] }),
  attention("hard, more users than a workgroup", [131, 3, 5], { mode: "hard" }),
  {
    name: "hard, ties go to the lowest interest",
    feeds: {
      interests: numbers([1, 3, 4], [0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0]),
      counts: integers([1], [3]),
      label: numbers([1, 4], [1, 1, 0, 0]),
    },
    apply: ({ interests, counts, label }) => labelAwareAttention(interests!, counts!, label!),
    differentiate: [],
  },
  attention("scaled", [5, 4, 8], { mode: "scaled", scale: 0.7 }),
  attention("scaled, a user without interests", [3, 4, 6], { mode: "scaled" }, { counts: [0, 4, 1] }),
  attention("scaled, K = 1", [3, 1, 4], { mode: "scaled" }),
  attention("scaled, K = 5, width not a multiple of 4", [6, 5, 7], { mode: "scaled", scale: 0.3 }),
  // Logits of a thousand: the softmax is one-hot, and products of 1e3 leave 1e-4 of rounding in the float32 logits.
  attention("scaled, huge interests", [4, 3, 8], { mode: "scaled" }, { scale: 1e3, tolerance: 1e-4 }),
  attention("pow, even", [5, 4, 8], { mode: "pow", power: 2 }, { scale: 0.3 }),
  attention("pow, odd", [5, 4, 8], { mode: "pow", power: 3 }, { scale: 0.3 }),
  attention("pow, not an integer", [5, 4, 8], { mode: "pow", power: 1.5 }, { scale: 0.5 }),
  attention("pow 0 averages", [4, 3, 8], { mode: "pow", power: 0 }),
  attention(
    "pow beyond single precision stays finite",
    [4, 3, 8],
    { mode: "pow", power: 100 },
    { scale: 100, differentiate: [] },
  ),
]);
