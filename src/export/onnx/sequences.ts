import { lastDimension } from "../../graph/shape.ts";
import { type Converter, upTo } from "./builder.ts";
import { below, softmaxOf, sum, sumsBy, toFloat, transpose, unsqueeze } from "./common.ts";

const meanPool: Converter = (b, [rows, lengths], { inputs: [x] }) => {
  const length = x!.shape[1]!;
  const mask = toFloat(b, unsqueeze(b, below(b, lengths!, length), -1));
  const seen = b.apply("Min", [b.apply("Max", [lengths!, b.ints([1], [])]), b.ints([length], [])]);
  const total = sum(b, b.apply("Mul", [rows!, mask]), 1);
  return b.apply("Div", [total, toFloat(b, unsqueeze(b, seen, -1))]);
};

const maskedSoftmax: Converter = (b, [x, lengths], { inputs: [rows] }) =>
  softmaxOf(b, x!, below(b, lengths!, lastDimension(rows!.shape)), -1);

const sequenceSoftmax: Converter = (b, [x, lengths], { inputs: [rows] }) =>
  softmaxOf(b, x!, unsqueeze(b, below(b, lengths!, rows!.shape[1]!), -1), 1);

const weightedSums: Converter = (b, [weights, rows]) => sumsBy(b, weights!, rows!);

/** Step by step: a user whose history is over keeps its state. */
const gru: Converter = (b, [x, recurrent, bias, lengths], { inputs: [gates] }) => {
  const [, length, width] = gates!.shape as [number, number, number];
  const h = width / 3;
  const cut = (value: string) => b.applyAll("Split", [value, b.ints([h, h, h])], 3, { axis: -1 });
  const steps = transpose(b, x!, [1, 0, 2]);
  const running = transpose(b, below(b, lengths!, length), [1, 0]);
  const one = b.float(1);
  return upTo(length).reduce<string>(
    (state, t) => {
      const at = b.ints([t], []);
      const [xr, xz, xn] = cut(b.apply("Gather", [steps, at], { axis: 0 }));
      const [pr, pz, pn] = cut(b.apply("Add", [b.apply("MatMul", [state, recurrent!]), bias!]));
      const r = b.apply("Sigmoid", [b.apply("Add", [xr!, pr!])]);
      const z = b.apply("Sigmoid", [b.apply("Add", [xz!, pz!])]);
      const n = b.apply("Tanh", [b.apply("Add", [xn!, b.apply("Mul", [r, pn!])])]);
      const next = b.apply("Add", [b.apply("Mul", [b.apply("Sub", [one, z]), n]), b.apply("Mul", [z, state])]);
      const isRunning = unsqueeze(b, b.apply("Gather", [running, at], { axis: 0 }), -1);
      return b.apply("Where", [isRunning, next, state]);
    },
    b.tensor({ name: `zeros.${h}`, type: "f32", shape: [1, h], data: new Float32Array(h) }),
  );
};

/** Ops along the history. */
export const sequenceConverters = { meanPool, maskedSoftmax, sequenceSoftmax, weightedSums, gru };
