import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { interpret } from "../../src/graph/interpreter.ts";
import { plan } from "../../src/graph/plan.ts";
import { embeddingBag, embeddingBagBackward, expandMembers } from "../../src/ops/embedding-bag.ts";
import { rowsToDense } from "../../src/ops/rows-to-dense.ts";
import * as reference from "../../src/reference/embedding-bag.ts";
import { describeOp, type Feed, halves, integers, normals, type OpCase } from "../support/op.ts";

const table = Float64Array.of(9, 9, 1, 2, 3, 4, 5, 6);
// Item 1 has features 1 and 3, item 2 feature 2 behind a gap, item 3 none.
const members = [0, 0, 1, 3, 0, 2, 0, 0];

test("an item is the mean of its features; one without features, and id 0, is zero", () => {
  const got = reference.embeddingBag(table, Uint32Array.from(members), Uint32Array.of(1, 2, 3, 0), 2, 2);
  expect(got).toEqual(Float64Array.of(3, 4, 3, 4, 0, 0, 0, 0));
});

test("each member receives its share", () => {
  const { expanded, share } = reference.expandMembers(Uint32Array.from(members), Uint32Array.of(1, 2, 3, 0), 2);
  expect(expanded).toEqual(Uint32Array.of(1, 3, 0, 2, 0, 0, 0, 0));
  expect(share).toEqual(Float64Array.of(0.5, 1, 0, 0));
});

const bag = (name: string, feeds: Record<"table" | "members" | "ids", Feed>): OpCase => ({
  name,
  feeds,
  apply: ({ table, members, ids }) => embeddingBag(table!, members!, ids!),
  differentiate: [],
});

describeOp("embeddingBag", [
  bag("a batch of histories, padded and with repeated ids", {
    table: normals([4, 8]),
    members: integers([4, 2], members),
    ids: integers([2, 3], [1, 2, 0, 3, 1, 1]),
  }),
  bag("an empty history", {
    table: normals([4, 4]),
    members: integers([4, 2], members),
    ids: integers([1, 2], [0, 0]),
  }),
  bag("width not a multiple of 4", {
    table: normals([4, 5]),
    members: integers([4, 2], members),
    ids: integers([3], [1, 3, 2]),
  }),
  bag("one feature for each item", {
    table: normals([4, 8]),
    members: integers([4, 1], [0, 3, 2, 1]),
    ids: integers([2], [1, 2]),
  }),
  bag("members given for item 0 do not count", {
    table: normals([3, 4]),
    members: integers([2, 1], [2, 1]),
    ids: integers([2], [0, 1]),
  }),
  bag("many rows", {
    table: normals([4, 12]),
    members: integers([4, 2], members),
    ids: { shape: [70, 31], data: new Uint32Array(2170).map((_, i) => (i * 7) % 4) },
  }),
  bag("a table of halves, width not a multiple of 4", {
    table: halves(normals([4, 6])),
    members: integers([4, 2], members),
    ids: integers([2, 3], [1, 2, 0, 3, 1, 1]),
  }),
  {
    ...bag("a table of halves of four windows", {
      table: halves(normals([200, 8])),
      members: integers([5, 4], [0, 0, 0, 0, 1, 63, 0, 0, 1, 64, 128, 199, 63, 0, 127, 192, 191, 0, 0, 0]),
      ids: integers([2, 4], [1, 2, 3, 0, 4, 3, 2, 1]),
    }),
    tableWindowBytes: 64 * 16,
  },
  {
    ...bag("a table of four windows: members in one, in all, at their edges, in none", {
      table: normals([200, 8]),
      members: integers([6, 4], [0, 0, 0, 0, 1, 63, 0, 0, 1, 64, 128, 199, 63, 0, 127, 192, 0, 0, 0, 0, 191, 0, 0, 0]),
      ids: integers([2, 4], [1, 2, 3, 0, 4, 5, 2, 1]),
    }),
    tableWindowBytes: 64 * 32,
  },
  {
    ...bag("a table, members and a result of several windows", {
      table: normals([150, 4]),
      members: {
        shape: [100, 3],
        data: new Uint32Array(300).map((_, i) => (i % 7 === 0 ? 0 : 50 * (i % 3) + ((i * 31) % 50))),
      },
      ids: { shape: [13, 11], data: new Uint32Array(143).map((_, i) => (i * 71) % 100) },
    }),
    tableWindowBytes: 64 * 16,
  },
  {
    ...bag("members of two windows, and an item in neither for some rows", {
      table: normals([9, 4]),
      members: { shape: [70, 8], data: new Uint32Array(560).map((_, i) => (i * 5) % 9) },
      ids: integers([5], [63, 0, 64, 69, 1]),
    }),
    tableWindowBytes: 64 * 32,
  },
]);

describeOp("embeddingBagBackward", [
  {
    name: "two histories",
    feeds: { upstream: normals([2, 3, 5]), share: { shape: [6], data: Float32Array.of(0.5, 0, 1, 0.25, 0, 0) } },
    apply: ({ upstream, share }) => embeddingBagBackward(upstream!, share!),
    differentiate: [],
  },
]);

test("the gradient of the table agrees with what each feature contributes", () => {
  const graph = new Graph();
  const values = { table: graph.input("table", "f32", [4, 2]), ids: graph.input("ids", "u32", [4]) };
  const items = graph.constant("members", [4, 2], Uint32Array.from(members));
  const out = embeddingBag(values.table, items, values.ids);
  const upstream = graph.input("upstream", "f32", [4, 2]);
  const [gradient] = out.node!.op.gradient!(out.node!, [upstream]);
  if (!gradient || !("parts" in gradient)) throw new Error("expected a gradient by rows");
  const dense = rowsToDense(gradient.parts, 4);
  const feeds = { ids: Uint32Array.of(1, 2, 0, 1), upstream: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  const got = interpret(plan({ outputs: { dense } }), feeds, new Map()).get(dense)!.data;
  const forward = plan({ outputs: { out } });
  const loss = (numbers: Float64Array) => {
    const rows = interpret(forward, { ids: feeds.ids, table: numbers }, new Map()).get(out)!.data;
    return feeds.upstream.reduce((sum, weight, i) => sum + weight * rows[i]!, 0);
  };
  for (const i of table.keys()) {
    const difference = (loss(table.with(i, table[i]! + 1)) - loss(table.with(i, table[i]! - 1))) / 2;
    expect(got[i]).toBeCloseTo(difference, 10);
  }
});

test("expandMembers keeps the shape of the ids", () => {
  const graph = new Graph();
  const { expanded, share } = expandMembers(graph.input("members", "u32", [9, 3]), graph.input("ids", "u32", [2, 5]));
  expect([expanded.shape, share.shape]).toEqual([[2, 5, 3], [10]]);
});

test("float members are refused, with all shapes", () => {
  const graph = new Graph();
  const values = [
    graph.input("t", "f32", [4, 2]),
    graph.input("m", "f32", [4, 2]),
    graph.input("i", "u32", [3]),
  ] as const;
  expect(() => embeddingBag(...values)).toThrow("embeddingBag: expected a table [F + 1, d], u32 members [V + 1, m]");
});
