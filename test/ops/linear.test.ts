import { expect, test } from "vitest";
import { backpropagate } from "../../src/autograd.ts";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { interpret } from "../../src/graph/interpreter.ts";
import { plan } from "../../src/graph/plan.ts";
import { add } from "../../src/ops/add.ts";
import { linear } from "../../src/ops/linear.ts";
import { describeOp, normals, type OpCase } from "../support/op.ts";

const shapes: [string, number[], number, number][] = [
  ["one row", [1], 3, 5],
  ["no size a multiple of 4", [7], 5, 3],
  ["three dimensions", [2, 3], 6, 9],
  ["more rows than one part of a GPU's bias sum", [300], 4, 8],
  ["more rows than one part of any bias sum", [4200], 3, 2],
  ["more columns than a tile, and fewer rows of weights", [37], 2, 70],
  ["more rows of weights than a tile", [40], 67, 5],
];

describeOp(
  "linear",
  shapes.flatMap(([name, rows, inner, columns]) =>
    [false, true].map(
      (relu): OpCase => ({
        name: `${name}${relu ? ", with ReLU" : ""}`,
        feeds: { x: normals([...rows, inner], 1), w: normals([inner, columns], 2), bias: normals([1, columns], 3) },
        apply: ({ x, w, bias }) => linear(x!, w!, bias!, { relu }),
      }),
    ),
  ),
);

const layers = {
  x: normals([6, 5], 1),
  w0: normals([5, 21], 2),
  bias0: normals([1, 21], 3),
  w1: normals([21, 3], 4),
  bias1: normals([1, 3], 5),
};

describeOp("linear layers of more rows than a binding shows", [
  {
    name: "with ReLU, whose gradient is masked",
    feeds: { ...layers, x: normals([2, 75, 5], 1) },
    apply: ({ x, w0, bias0, w1, bias1 }) => linear(linear(x!, w0!, bias0!, { relu: true }), w1!, bias1!),
    tableWindowBytes: 64 * 96,
  },
]);

describeOp("linear layers in a row", [
  {
    name: "ReLU between two layers",
    feeds: layers,
    apply: ({ x, w0, bias0, w1, bias1 }) => linear(linear(x!, w0!, bias0!, { relu: true }), w1!, bias1!),
  },
  {
    name: "two layers that share their input, which a ReLU made",
    feeds: { ...layers, w2: normals([21, 3], 6) },
    apply({ x, w0, bias0, w1, bias1, w2 }) {
      const hidden = linear(x!, w0!, bias0!, { relu: true });
      return add(linear(hidden, w1!, bias1!), linear(hidden, w2!, bias1!));
    },
  },
]);

function twoLayers() {
  const graph = new Graph();
  const inputs = Object.fromEntries(
    Object.entries(layers).map(([name, { shape }]) => [name, graph.input(name, "f32", shape)]),
  );
  const { x, w0, bias0, w1, bias1 } = inputs;
  const hidden = linear(x!, w0!, bias0!, { relu: true });
  const output = linear(hidden, w1!, bias1!);
  const upstream = graph.constant("upstream", output.shape, new Float32Array(18).fill(1));
  const of = [...Object.values(inputs), hidden];
  return { hidden, inputs, gradients: backpropagate(new Map([[output, upstream]]), of) as Map<Value, Value> };
}

test("no kernel but the next layer's product computes the gradient before ReLU", () => {
  const { inputs, gradients } = twoLayers();
  const outputs = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, gradients.get(value)!]));
  expect(plan({ outputs }).deviceNodes.map(({ op }) => op.name)).toEqual([
    "linear",
    "matmulTransposeASums",
    "matmulTransposeBMasked",
    "matmulTransposeASums",
    "matmulTransposeB",
  ]);
});

test("the gradient of a value that a ReLU made is whole where it is asked for", () => {
  const { hidden, gradients } = twoLayers();
  const outputs = { hidden, gradient: gradients.get(hidden)! };
  const feeds = Object.fromEntries(Object.entries(layers).map(([name, { data }]) => [name, data]));
  const tensors = interpret(plan({ outputs }), feeds, new Map());
  const gradient = tensors.get(outputs.gradient)!.data;
  // Upstream is 1 everywhere, so each row of the gradient holds the sums of the rows of w1.
  const rowSums = Array.from({ length: 21 }, (_, i) =>
    [0, 1, 2].reduce((sum, k) => sum + layers.w1.data[3 * i + k]!, 0),
  );
  expect(tensors.get(hidden)!.data).toContain(0);
  for (const [i, value] of gradient.entries()) expect(value).toBeCloseTo(rowSums[i % 21]!, 5);
});
