import type { Converter } from "./builder.ts";
import { inverseLength, squaredNorm, squashed, transpose, unsqueeze } from "./common.ts";

const add: Converter = (b, inputs) => b.apply("Add", inputs);
const multiply: Converter = (b, inputs) => b.apply("Mul", inputs);
const tanh: Converter = (b, inputs) => b.apply("Tanh", inputs);

const reshape: Converter = (b, [x], { outputs: [y] }) => b.apply("Reshape", [x!, b.ints([-1, ...y!.shape.slice(1)])]);

const matmul: Converter = (b, inputs) => b.apply("MatMul", inputs);
const matmulTransposeB: Converter = (b, [x, w]) => b.apply("MatMul", [x!, transpose(b, w!, [1, 0])]);

const linear: Converter<{ readonly relu: boolean }> = (b, [x, w, bias], { attributes: { relu } }) => {
  const y = b.apply("Add", [b.apply("MatMul", [x!, w!]), bias!]);
  return relu ? b.apply("Relu", [y]) : y;
};

/** x `[batch, length, k]` by `[length, k, n]`. */
const positionTransform: Converter = (b, [x, w]) =>
  b.apply("Squeeze", [b.apply("MatMul", [unsqueeze(b, x!, 2), w!]), b.ints([2])]);

const concat: Converter = (b, [x, y], { inputs: [a, other] }) => {
  const axis = { axis: -1 };
  if (a!.shape.length === other!.shape.length) return b.apply("Concat", [x!, y!], axis);
  // The rows of y serve all of those of x.
  const rank = a!.shape.length;
  const repeats = a!.shape.map((size, i) => (i === rank - 2 ? size : 1));
  return b.apply("Concat", [x!, b.apply("Expand", [unsqueeze(b, y!, -2), b.ints(repeats)])], axis);
};

const squash: Converter<{ readonly power: number }> = (b, [z], { attributes: { power } }) => squashed(b, z!, power);

const l2Normalise: Converter<{ readonly epsilon: number }> = (b, [x], { attributes: { epsilon } }) => {
  const norm = b.apply("Sqrt", [squaredNorm(b, x!)]);
  return b.apply("Div", [x!, b.apply("Max", [norm, b.float(epsilon)])]);
};

const inverseNorms: Converter = (b, [x, transform]) =>
  inverseLength(b, squaredNorm(b, transform === undefined ? x! : b.apply("MatMul", [x!, transform])));

/** x `[batch, T, d]` by `[K, T, d]`, summed over T, beside `[batch, K, width]`. */
const placeSums: Converter<{ readonly width: number }> = (b, [x, w, beside], { attributes: { width } }) => {
  const sums = b.apply("ReduceSum", [b.apply("Mul", [unsqueeze(b, x!, 1), w!]), b.ints([2])], { keepdims: 0 });
  return width > 0 ? b.apply("Concat", [beside!, sums], { axis: -1 }) : sums;
};

/** Ops that work row by row. */
export const rowConverters = {
  add,
  multiply,
  tanh,
  reshape,
  matmul,
  matmulTransposeB,
  linear,
  positionTransform,
  concat,
  squash,
  l2Normalise,
  inverseNorms,
  placeSums,
};
