import gatesShader from "../../shaders/gru_gates.wgsl";
import gatesBackwardShader from "../../shaders/gru_gates_backward.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, Node, Op, Tensor, Value } from "../graph/graph.ts";
import { requireShapes, sameShape } from "../graph/shape.ts";
import { inWindow } from "../graph/windows.ts";
import * as reference from "../reference/gru.ts";
import { productAndSums } from "./matmul.ts";
import { eachFamily, type Product, productKernels } from "./matmul-kernels.ts";

/**
 * A gated recurrent unit over each user's behaviours, reset applied after the product (PyTorch's form of Cho et al. 2014):
 * p = h U + b; r = sigmoid(x_r + p_r); z = sigmoid(x_z + p_z); n = tanh(x_n + r p_n); h = (1 - z) n + z h, from h = 0.
 * @param x what each behaviour contributes to reset, update and candidate, `[batch, length, 3 h]`; h is a multiple of 4
 * @param recurrent U, `[h, 3 h]`
 * @param bias b, `[1, 3 h]`
 * @param lengths u32 `[batch]`, how many of the first behaviours of each user are real
 * @returns the states after each user's last behaviour, `[batch, h]`; 0 for users with none
 */
export function gru(x: Value, recurrent: Value, bias: Value, lengths: Value): Value {
  const [batch] = x.shape;
  const h = recurrent.shape[0]!;
  const fits =
    x.shape.length === 3 &&
    h % 4 === 0 &&
    sameShape(recurrent.shape, [h, 3 * h]) &&
    x.shape[2] === 3 * h &&
    sameShape(bias.shape, [1, 3 * h]) &&
    sameShape(lengths.shape, [batch!]);
  const expected =
    "x [batch, length, 3 h], recurrent [h, 3 h], bias [1, 3 h] and lengths [batch] with h a multiple of 4";
  const shapes = { x: x.shape, recurrent: recurrent.shape, bias: bias.shape, lengths: lengths.shape };
  requireShapes(fits, "gru", expected, shapes);
  return x.graph.apply(gruOp, [x, recurrent, bias, lengths], undefined)[0]!;
}

const data = (tensor: Tensor | undefined) => tensor!.data as Float64Array;
const counts = (tensor: Tensor | undefined) => tensor!.data as Uint32Array;

/** A step's states begin where a binding may: at a multiple of 64 rows. */
const rowsOf = (batch: number) => Math.ceil(batch / 64) * 64;

function sizesOf([x, recurrent]: readonly (Pick<Value, "shape"> | undefined)[]): reference.GruSizes {
  const [batch, length] = x!.shape as [number, number, number];
  return { batch, length, h: recurrent!.shape[0]!, rows: rowsOf(batch) };
}

/** One step of a value whose steps lie one after another, as a value of its own shape for the launch of a product. */
interface Step {
  readonly all: Value;
  readonly at: number;
  readonly alone: Value;
}

function stepOf(all: Value, at: number): Step {
  return { all, at, alone: { ...all, shape: all.shape.slice(1) } };
}

/** The launch of a product of single steps. */
function stepProduct(
  launch: (product: Product) => Dispatch,
  product: Omit<Product, "a" | "c">,
  a: Step,
  c: Step | Value,
): Dispatch {
  const result = "alone" in c ? c.alone : c;
  const dispatch = launch({ ...product, a: a.alone, c: result });
  const steps = [a, c].filter((step): step is Step => "alone" in step);
  return {
    ...dispatch,
    bindings: dispatch.bindings.map((binding) => {
      const step = steps.find(({ alone }) => alone === binding.value);
      return step ? ofStep({ ...binding, value: step.all }, step.at) : binding;
    }),
  };
}

/** A binding that shows one step alone. */
function ofStep(binding: ReturnType<typeof read>, step: number) {
  const rows = binding.value.shape[1]!;
  return inWindow(binding, { first: step * rows, count: rows });
}

const gruOp: Op<undefined> = {
  name: "gru",
  workspace: [1, 2],
  outputs(inputs) {
    const { batch, length, h, rows } = sizesOf(inputs);
    return [{ shape: [batch, h] }, { shape: [length, rows, h] }, { shape: [length, rows, 3 * h] }];
  },
  gradient({ inputs, outputs: [, states, p] }, [upstream]) {
    const [x, recurrent, , lengths] = inputs as [Value, Value, Value, Value];
    const backward = [x, recurrent, lengths, states!, p!, upstream!];
    const [dx, dp] = x.graph.apply(gruBackwardOp, backward, undefined) as [Value, Value];
    const { product, sums } = productAndSums(states!, dp);
    return [dx, product, sums, null];
  },
  reference(inputs) {
    const [x, recurrent, bias, lengths] = inputs;
    const given = { x: data(x), recurrent: data(recurrent), bias: data(bias), lengths: counts(lengths) };
    const { final, states, p } = reference.gru(given, sizesOf(inputs));
    return [final, states, p];
  },
  families: eachFamily((family, node) => forward(productKernels[family], node)),
};

type LaunchProduct = (product: Product) => Dispatch;

function forward(launch: LaunchProduct, { inputs, outputs }: Node<undefined>): Dispatch[] {
  const [x, recurrent, bias, lengths] = inputs as [Value, Value, Value, Value];
  const [final, states, p] = outputs as [Value, Value, Value];
  const { batch, length, h, rows } = sizesOf(inputs);
  return Array.from({ length }, (_, step) => {
    const next = step + 1 < length ? ofStep(write(states), step + 1) : write(final);
    const gates: Dispatch = {
      shader: gatesShader,
      constants: { first: step === 0 ? 1 : 0 },
      params: {
        batch: u32(batch),
        rows: u32(rows),
        nextRows: u32(step + 1 < length ? rows : batch),
        length: u32(length),
        step: u32(step),
        quads: u32(h / 4),
      },
      bindings: [...[x, bias, lengths].map(read), ofStep(write(states), step), ofStep(write(p), step), next],
      workgroups: gridOf((rows * h) / 4),
    };
    if (step === 0) return [gates];
    return [stepProduct(launch, { b: recurrent, bias }, stepOf(states, step), stepOf(p, step)), gates];
  }).flat();
}

/** Inputs: x, U, lengths, states, p and the gradient of the final states. */
const gruBackwardOp: Op<undefined> = {
  name: "gruBackward",
  outputs: ([x, , , , p]) => [{ shape: x!.shape }, { shape: p!.shape }],
  scratch(inputs) {
    const { h, rows } = sizesOf(inputs);
    return [{ shape: [rows, h] }, { shape: [rows, h] }];
  },
  reference(inputs) {
    const [x, recurrent, lengths, states, p, upstream] = inputs;
    const given = { x: data(x), recurrent: data(recurrent), lengths: counts(lengths) };
    const saved = { states: data(states), p: data(p) };
    const { dx, dp } = reference.gruBackward(given, saved, data(upstream), sizesOf(inputs));
    return [dx, dp];
  },
  families: eachFamily((family, node) => backward(productKernels[family], node)),
};

function backward(
  launch: LaunchProduct,
  { inputs, outputs: [dx, dp], scratch: [direct, back] }: Node<undefined>,
): Dispatch[] {
  const [x, recurrent, lengths, states, p, upstream] = inputs as [Value, Value, Value, Value, Value, Value];
  const { batch, length, h, rows } = sizesOf(inputs);
  return Array.from({ length }, (_, turn) => {
    const step = length - 1 - turn;
    const gates: Dispatch = {
      shader: gatesBackwardShader,
      constants: { last: turn === 0 ? 1 : 0 },
      params: { batch: u32(batch), rows: u32(rows), length: u32(length), step: u32(step), quads: u32(h / 4) },
      bindings: [
        ...[x, lengths].map(read),
        ofStep(read(states), step),
        ofStep(read(p), step),
        ...[back!, upstream].map(read),
        write(dx!),
        ofStep(write(dp!), step),
        write(direct!),
      ],
      workgroups: gridOf((rows * h) / 4),
    };
    if (step === 0) return [gates];
    return [gates, stepProduct(launch, { b: recurrent, transposeB: true }, stepOf(dp!, step), back!)];
  }).flat();
}
