import shader from "../../shaders/adam_rows.wgsl";
import { f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Node, Op, RowGradientPart, Scalar, Tensor, Value } from "../graph/graph.ts";
import { elementCount, lastDimension, requireShapes, rowPitch, sameShape } from "../graph/shape.ts";
import { inWindow, rowWindows } from "../graph/windows.ts";
import * as reference from "../reference/adam.ts";
import type { RowOrderValues } from "./row-order.ts";
import { bindParts, layoutOf, type PartLayout, referenceParts, requireParts } from "./rows-to-dense.ts";

export interface AdamScheduleOptions {
  /** Learning rate. */
  readonly rate: number;
  /** Decay of the first moment, in [0, 1). */
  readonly beta1: number;
  /** Decay of the second moment, in [0, 1). */
  readonly beta2: number;
  /** Steps in which the rate falls by half; default: it stays. */
  readonly halfLife?: number | undefined;
}

/** What one update needs beside the schedule; `beta1` and `beta2` are those of the schedule. */
export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the root of the corrected second moment. */
  readonly epsilon: number;
  /** Strength of the L2 penalty, which is added to the gradient; default 0. */
  readonly weightDecay?: number;
}

/** A parameter with the moments of its gradient, all parameters of the graph and of one shape; moments start at zero. */
export interface AdamState {
  readonly parameter: Value;
  readonly firstMoment: Value;
  readonly secondMoment: Value;
}

const floats = (tensor: Tensor) => tensor.data as Float64Array;
const integers = (tensor: Tensor) => tensor.data as Uint32Array;

/**
 * The bias corrections of Adam, worked out on the host and shared by all parameters of a step.
 * @param step u32 `[1]`, t >= 1, known on the host
 * @returns `[3]`: rate / (1 - beta1^t), 1 / (1 - beta2^t) and t modulo 2^24, from which roundings at random are drawn
 */
export function adamSchedule(step: Value, options: AdamScheduleOptions): Value {
  requireShapes(step.type === "u32" && elementCount(step.shape) === 1, "adamSchedule", "a u32 step [1]", {
    step: step.shape,
  });
  return step.graph.apply(adamScheduleOp, [step], options)[0]!;
}

const scheduleOf = (step: number, { rate, beta1, beta2, halfLife }: AdamScheduleOptions) =>
  reference.adamSchedule(
    step,
    halfLife === undefined ? rate : reference.fallenRate(step, rate, halfLife),
    beta1,
    beta2,
  );

const adamScheduleOp: Op<AdamScheduleOptions> = {
  name: "adamSchedule",
  host: true,
  outputs: () => [{ shape: [3] }],
  reference: ([step], options) => [scheduleOf(integers(step!)[0]!, options)],
  hostKernel:
    ({ attributes }) =>
    ([step], [schedule]) =>
      schedule!.set(scheduleOf(step![0]!, attributes)),
};

/**
 * One step of lazy Adam for a table whose gradient is given by rows: rows that occur and their moments move, the others
 * stay as they are; row 0 never moves. The bias correction is that of the global step.
 * A table of halves is rounded at random, in proportion to nearness, and the same at every run; its moments are float32.
 * @param state table and moments, `[V + 1, d]`
 * @param parts the gradient: up to four parts with rows `[..., d]`
 * @param order the {@link rowOrder} of the ids of `parts`, in the same order
 * @param schedule from {@link adamSchedule}
 * @returns the node to name among the updates of a program
 */
export function adamRows(
  state: AdamState,
  parts: readonly RowGradientPart[],
  order: RowOrderValues,
  schedule: Value,
  options: AdamOptions,
): Node {
  const { parameter, firstMoment, secondMoment } = state;
  const layout = layoutOf(parts);
  const occurrences = layout.occurrences.reduce((sum, size) => sum + size, 0);
  requireParts("adamRows", parts, lastDimension(parameter.shape));
  requireState("adamRows", state, parameter.shape.length === 2 && order.order.shape[0] === occurrences, {
    order: order.order,
    schedule,
  });
  const rows = parts.map((part) => part.rows);
  const inputs = [
    parameter,
    firstMoment,
    secondMoment,
    schedule,
    order.order,
    order.rows,
    order.starts,
    order.count,
    ...rows,
  ];
  return parameter.graph.node(adamRowsOp, inputs, { ...complete(options), layout, half: parameter.type === "f16" });
}

export const complete = (options: AdamOptions): reference.AdamDecay => ({
  ...options,
  weightDecay: options.weightDecay ?? 0,
});

/** Fails unless the state is of one shape and of parameters alone, the schedule one of {@link adamSchedule}, and `fits` holds. */
export function requireState(
  op: string,
  state: AdamState,
  fits: boolean,
  others: Readonly<Record<string, Value>>,
): void {
  const { parameter, firstMoment, secondMoment } = state;
  const all = [parameter, firstMoment, secondMoment];
  const kept = all.every((value) => value.role === "parameter" && sameShape(value.shape, parameter.shape));
  const shapes = Object.entries({ parameter, firstMoment, secondMoment, ...others }).map(([name, value]) => [
    name,
    value.shape,
  ]);
  const expected = "a parameter of rank 2 or more, moments of its shape, a gradient for it and a schedule [3]";
  requireShapes(fits && kept && sameShape(others.schedule!.shape, [3]), op, expected, Object.fromEntries(shapes));
}

/** Members of a kernel's `Params`, in this order. */
export const decayParams = ({ beta1, beta2, epsilon, weightDecay }: reference.AdamDecay): Record<string, Scalar> => ({
  beta1: f32(beta1),
  rest1: f32(1 - beta1),
  beta2: f32(beta2),
  rest2: f32(1 - beta2),
  epsilon: f32(epsilon),
  weightDecay: f32(weightDecay),
});

/** Copies of the parameter and its moments, for a reference to move in place. */
export const copyState = (tensors: readonly Tensor[]): reference.AdamState => {
  const [parameter, firstMoment, secondMoment] = tensors.map((tensor) => floats(tensor).slice());
  return { parameter: parameter!, firstMoment: firstMoment!, secondMoment: secondMoment! };
};

export const contentOf = ({ parameter, firstMoment, secondMoment }: reference.AdamState) => [
  parameter,
  firstMoment,
  secondMoment,
];

const adamRowsOp: Op<reference.AdamDecay & { readonly layout: PartLayout; readonly half: boolean }> = {
  name: "adamRows",
  updates: [0, 1, 2],
  halves: [0],
  outputs: () => [],
  reference(inputs, { layout, half, ...decay }) {
    const state = copyState(inputs.slice(0, 3));
    const [schedule, order, touched, starts, count, ...rows] = inputs.slice(3);
    const d = lastDimension(inputs[0]!.shape);
    reference.adamRows(
      state,
      referenceParts(layout, rows),
      integers(order!),
      integers(touched!),
      integers(starts!),
      integers(count!)[0]!,
      d,
      floats(schedule!),
      decay,
      half,
    );
    return contentOf(state);
  },
  kernels({ inputs, attributes: { layout, half, ...decay } }, target) {
    const [parameter, firstMoment, secondMoment, schedule, order, touched, starts, , ...rows] = inputs;
    const quads = rowPitch(parameter!.shape, "f32") / 4;
    const capacity = Math.min(elementCount(order!.shape), Math.max(1, parameter!.shape[0]! - 1));
    // On a CPU a row to an invocation: eight rows are then fetched at a time, and few invocations find no row.
    const lanes = target.software ? 1 : Math.ceil(quads / 2);
    const [x, z] = gridOf(Math.ceil(capacity / 16) * lanes);
    const { params, constants, bindings } = bindParts(layout, rows);
    const state = [write(parameter!), write(firstMoment!), write(secondMoment!)];
    // The moments have the larger rows where the table holds halves.
    return rowWindows(firstMoment!, target).map((window) => ({
      shader,
      constants: { ...constants, lanes, half: Number(half) },
      params: {
        capacity: u32(capacity),
        quads: u32(quads),
        sides: u32(2),
        first: u32(window.first),
        count: u32(window.count),
        ...decayParams(decay),
        ...params,
      },
      bindings: [
        ...bindings,
        ...[order!, touched!, starts!, schedule!].map(read),
        ...state.map((binding) => inWindow(binding, window)),
      ],
      workgroups: [x, 16, z],
    }));
  },
};
