import { expect, test } from "vitest";
import { createBuilder } from "../../../src/export/onnx/builder.ts";
import type { OnnxModel } from "../../../src/export/onnx/file.ts";
import { translate, translatedOps } from "../../../src/export/onnx/translate.ts";
import { Graph, type Value } from "../../../src/graph/graph.ts";
import { interpret } from "../../../src/graph/interpreter.ts";
import { plan } from "../../../src/graph/plan.ts";
import { elementCount } from "../../../src/graph/shape.ts";
import * as ops from "../../../src/index.ts";
import { normal } from "../../../src/models/initializers.ts";
import { initialCapsules } from "../../../src/ops/initial-capsules.ts";
import { valueCounts } from "../../../src/ops/value-counts.ts";
import { fromHalves, toHalves } from "../../../src/reference/half.ts";
import { type Given, runOnnx } from "./runtime.ts";

const users = 5;
const [length, interests, d] = [6, 3, 8];

/** Makes inputs and parameters of a graph whose batch is 1 for ONNX and `users` for the reference. */
function palette(batch: number) {
  const graph = new Graph();
  const parameter = (name: string, shape: readonly number[]) =>
    graph.parameter(name, shape, normal(0.7, { seed: 3, name }));
  return {
    batch,
    graph,
    parameter,
    rows: (...shape: number[]) => graph.input("rows", "f32", [batch, ...shape]),
    others: (...shape: number[]) => graph.input("others", "f32", [batch, ...shape]),
    ids: (width = length) => graph.input("ids", "u32", [batch, width]),
    lengths: () => graph.input("lengths", "u32", [batch]),
    counts: () => graph.input("counts", "u32", [batch]),
    table: () => parameter("table", [10, d]),
    halves: () => graph.parameter("halves", [10, d], normal(0.7, { seed: 6, name: "h" }), { precision: "f16" }),
    members: () =>
      graph.constant(
        "members",
        [10, 3],
        Uint32Array.from({ length: 30 }, (_, i) => (i < 3 ? 0 : i % 4)),
      ),
  };
}
type Palette = ReturnType<typeof palette>;

/** Ids with zeros at the end, lengths from none to more than fit, counts likewise, and numbers around 0. */
function contentOf({ name, type, shape }: Value): Uint32Array | Float32Array {
  if (name === "lengths") return Uint32Array.of(0, 1, 3, length, 40).slice(0, shape[0]);
  if (name === "counts") return Uint32Array.of(0, 1, 2, interests, interests).slice(0, shape[0]);
  if (type === "f32") return normal(0.7, { seed: 4, name })(shape);
  const width = shape.at(-1)!;
  return Uint32Array.from({ length: elementCount(shape) }, (_, i) =>
    i % width < Math.floor(i / width) + 1 && i % 7 !== 5 ? 1 + ((5 * i) % 9) : 0,
  );
}

const routed = (p: Palette, options: ops.RouteOptions) => {
  const logits = p.graph.constant(
    "logits",
    [length, interests],
    normal(1, { seed: 5, name: "b" })([length, interests]),
  );
  return ops.route(p.rows(length, d), p.parameter("s", [d, d]), p.lengths(), p.counts(), logits, options);
};

const capsulesOf = (p: Palette, method: "max-min" | "markov", rows = p.rows(length, d), lengths = p.lengths()) =>
  initialCapsules(rows, lengths, p.counts(), { interests, method, threshold: 0.1 });

function routedFrom(p: Palette, method: "max-min" | "markov", options: ops.RouteOptions) {
  const [rows, lengths] = [p.rows(length, d), p.lengths()];
  const { capsules, interestCounts } = capsulesOf(p, method, rows, lengths);
  return ops.route(rows, null, lengths, interestCounts, capsules, options);
}

const cases: readonly [string, (p: Palette) => Value][] = [
  ["add", (p) => ops.add(p.rows(length, d), p.others(length, d))],
  ["multiply", (p) => ops.multiply(p.rows(length, d), p.others(length, d))],
  ["tanh", (p) => ops.tanh(p.rows(d))],
  ["reshape", (p) => ops.reshape(p.rows(12), [p.batch, 3, 4])],
  ["matmul", (p) => ops.matmul(p.rows(length, d), p.parameter("w", [d, 4]))],
  ["matmulTransposeB", (p) => ops.matmul(p.rows(d), p.parameter("w", [4, d]), { transposeB: true })],
  ["linear", (p) => ops.linear(p.rows(interests, d), p.parameter("w", [d, 4]), p.parameter("b", [1, 4]))],
  ["linear relu", (p) => ops.linear(p.rows(d), p.parameter("w", [d, 4]), p.parameter("b", [1, 4]), { relu: true })],
  ["positionTransform", (p) => ops.positionTransform(p.rows(length, d), p.parameter("w", [length, d, 4]))],
  ["concat", (p) => ops.concat(p.rows(d), p.others(4))],
  ["concat of one row for all", (p) => ops.concat(p.rows(interests, d), p.others(4))],
  ["squash", (p) => ops.squash(p.rows(interests, d))],
  ["l2Normalise", (p) => ops.l2Normalise(p.rows(interests, d))],
  ["inverseNorms", (p) => ops.inverseNorms(p.rows(length, d), p.parameter("s", [d, d]))],
  ["placeSums", (p) => ops.placeSums(p.rows(length, d), p.parameter("w", [interests, length, d]))],
  [
    "placeSums beside rows",
    (p) => ops.placeSums(p.rows(length, d), p.parameter("w", [interests, length, d]), p.others(interests, 8)),
  ],
  ["gather", (p) => ops.gather(p.table(), p.ids())],
  [
    "gather of computed rows",
    (p) => ops.gather(ops.linear(p.table(), p.parameter("w", [d, 4]), p.parameter("b", [1, 4])), p.ids()),
  ],
  ["gather of halves", (p) => ops.gather(p.halves(), p.ids())],
  ["embeddingBag", (p) => ops.embeddingBag(p.table(), p.members(), p.ids())],
  ["embeddingBag of halves", (p) => ops.embeddingBag(p.halves(), p.members(), p.ids())],
  ["latest", (p) => ops.gather(p.table(), ops.latest(p.ids(), p.lengths(), 4))],
  ["recency", (p) => ops.gather(p.table(), ops.recency(p.lengths(), length))],
  ["valueCounts", (p) => ops.gather(p.table(), valueCounts(p.ids()))],
  ...(["log2", "log2-plus-one", "log2-up", "ln", "fixed"] as const).map((rule): [string, (p: Palette) => Value] => [
    `interestCounts ${rule}`,
    (p) => ops.gather(p.table(), ops.interestCounts(p.lengths(), 4, rule)),
  ]),
  ["meanPool", (p) => ops.meanPool(p.rows(length, d), p.lengths())],
  ["maskedSoftmax", (p) => ops.maskedSoftmax(p.rows(length), p.lengths())],
  ["sequenceSoftmax", (p) => ops.sequenceSoftmax(p.rows(length, interests), p.lengths())],
  ["weightedSums", (p) => ops.weightedSums(p.rows(length, interests), p.others(length, d))],
  [
    "gru",
    (p) => ops.gru(p.rows(length, 3 * d), p.parameter("u", [d, 3 * d]), p.parameter("b", [1, 3 * d]), p.lengths()),
  ],
  ["route", (p) => routed(p, {})],
  ["route once", (p) => routed(p, { iterations: 1 })],
  ["route by cosine", (p) => routed(p, { similarity: "cosine", similarityScale: 5, update: "overwrite" })],
  ["route hard", (p) => routed(p, { assignment: "hard", activation: "l2" })],
  ["route hard among behaviours", (p) => routed(p, { assignment: "hard", competition: "behaviours" })],
  ["route among behaviours", (p) => routed(p, { competition: "behaviours", squashPower: 0.5 })],
  [
    "route from capsules",
    (p) => routedFrom(p, "max-min", { update: "overwrite", assignment: "hard", activation: "l2" }),
  ],
  ["route from capsules by cosine", (p) => routedFrom(p, "markov", { similarity: "cosine" })],
  ...(["max-min", "markov"] as const).flatMap((method): [string, (p: Palette) => Value][] => [
    [`initialCapsules ${method}`, (p) => capsulesOf(p, method).capsules],
    [
      `initialCapsules ${method}, how many`,
      (p) => ops.meanPool(p.others(length, d), capsulesOf(p, method).interestCounts),
    ],
  ]),
  ["routeVotes", (p) => ops.routeVotes(p.rows(length, interests * d), p.lengths(), { interests })],
  ["bestScores", (p) => ops.bestScores(p.rows(interests, d), p.counts(), p.table()).scores],
];

test.each(cases)("%s computes what the reference does", async (_, build) => {
  const [own, wide] = [palette(1), palette(users)];
  const [forOnnx, forReference] = [build(own), build(wide)];
  const builder = createBuilder();
  const parameters = new Map(
    own.graph.values
      .filter(({ role }) => role === "parameter")
      .map(({ name, shape, type, initial }) => {
        const data = initial!() as Float32Array;
        return [name, { shape, data: type === "f16" ? fromHalves(toHalves(data)) : data }];
      }),
  );
  const { inputs, nameOf } = translate(builder, { y: forOnnx }, parameters);
  builder.output(nameOf(forOnnx), "y");
  const model: OnnxModel = {
    name: "test",
    description: "",
    inputs: inputs.map(({ name, type, shape }) => ({
      name,
      type: type === "u32" ? "int64" : "f32",
      shape: ["batch", ...shape.slice(1)],
    })),
    outputs: [{ name: "y", type: "f32", shape: ["batch", ...forOnnx.shape.slice(1)] }],
    graph: builder,
    properties: {},
  };
  const order = plan({ outputs: { y: forReference } });
  const given: Given = Object.fromEntries(
    order.inputs.map((value) => [value.name, { data: contentOf(value), shape: value.shape }]),
  );
  const arrays = new Map([...parameters].map(([name, { data }]) => [name, data]));
  const content = Object.fromEntries(Object.entries(given).map(([name, { data }]) => [name, data]));
  const want = interpret(order, content, arrays).get(forReference)!.data;
  const { y } = await runOnnx(model, given);
  expect(y).toHaveLength(want.length);
  expect(Array.from(want).some((value) => value !== 0)).toBe(true);
  for (const [i, value] of want.entries()) {
    expect(Math.abs(y![i]! - value), `element ${i}: got ${y![i]}, want ${value}`).toBeLessThan(
      1e-5 * Math.max(1, Math.abs(value)),
    );
  }
});

test("every converter is tested", () => {
  const tested = cases.map(([name]) => name.split(" ")[0]);
  expect(translatedOps.filter((op) => !tested.includes(op))).toEqual([]);
});
