import shader from "../../shaders/adam.wgsl";
import threeShader from "../../shaders/adam_three.wgsl";
import { gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, Node, Op, Value } from "../graph/graph.ts";
import { bufferElements, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/adam.ts";
import { type AdamOptions, type AdamState, complete, contentOf, copyState, decayParams, requireState } from "./adam.ts";

/** A parameter of rank 2 or more, its moments, and its gradient, all of one shape. */
export interface DenseUpdate extends AdamState {
  readonly gradient: Value;
}

/**
 * One step of Adam (Kingma and Ba, algorithm 1) that moves every element of some parameters.
 * @param updates at least one; no parameter twice
 * @param schedule from {@link adamSchedule}
 * @returns the node to name among the updates of a program
 */
export function adamDense(updates: readonly DenseUpdate[], schedule: Value, options: AdamOptions): Node {
  for (const { gradient, ...state } of updates) {
    const fits = sameShape(gradient.shape, state.parameter.shape) && state.parameter.shape.length >= 2;
    requireState("adamDense", state, fits, { gradient, schedule });
  }
  const inputs = updates.flatMap(({ gradient, parameter, firstMoment, secondMoment }) => {
    return [gradient, parameter, firstMoment, secondMoment];
  });
  return schedule.graph.node(denseOp(updates.length), [schedule, ...inputs], complete(options));
}

/** Gradient, parameter and moments of each tensor; `inputs` holds the schedule before them. */
const tensorsOf = <Input>(inputs: readonly Input[]): [Input, Input, Input, Input][] =>
  Array.from({ length: (inputs.length - 1) / 4 }, (_, i) => inputs.slice(1 + 4 * i, 5 + 4 * i) as never);

/** Three tensors and the schedule. */
const buffersOfThree = 13;

const denseOp = (count: number): Op<reference.AdamDecay> => ({
  name: "adamDense",
  updates: Array.from({ length: count }, (_, i) => [4 * i + 2, 4 * i + 3, 4 * i + 4]).flat(),
  outputs: () => [],
  // They stand in for the third tensor of a launch that has two.
  scratch: () => (count % 3 === 2 ? Array.from({ length: 3 }, () => ({ shape: [1, 4] })) : []),
  reference: ([schedule, ...rest], decay) =>
    tensorsOf([schedule!, ...rest]).flatMap(([gradient, ...kept]) => {
      const state = copyState(kept);
      reference.adamDense(state, gradient.data as Float64Array, schedule!.data as Float64Array, decay);
      return contentOf(state);
    }),
  kernels(node, target) {
    const together = target.storageBuffers >= buffersOfThree ? 3 : 1;
    return Array.from({ length: Math.ceil(count / together) }, (_, i) => {
      const tensors = tensorsOf(node.inputs).slice(together * i, together * (i + 1));
      return tensors.length === 1 ? launchOne(node, tensors[0]!) : launchThree(node, tensors);
    });
  },
});

type AdamNode = Node<reference.AdamDecay>;
type Tensor = readonly [Value, Value, Value, Value];

const quadsOf = ([{ shape }]: Tensor) => bufferElements(shape, "f32") / 4;

function launchOne({ inputs, attributes }: AdamNode, tensor: Tensor): Dispatch {
  const [gradient, ...state] = tensor;
  const quads = quadsOf(tensor);
  return {
    shader,
    params: { quads: u32(quads), ...decayParams(attributes) },
    bindings: [read(gradient), read(inputs[0]!), ...state.map(write)],
    workgroups: gridOf(quads),
  };
}

/** A launch for two or three tensors. */
function launchThree({ inputs, scratch, attributes }: AdamNode, tensors: readonly Tensor[]): Dispatch {
  const gradients = [0, 1, 2].map((i) => (tensors[i] ?? tensors[0]!)[0]);
  const states = [0, 1, 2].flatMap((i) => tensors[i]?.slice(1) ?? scratch);
  const [end0, end1, end2] = [1, 2, 3].map((n) => tensors.slice(0, n).reduce((sum, one) => sum + quadsOf(one), 0));
  return {
    shader: threeShader,
    params: { end0: u32(end0!), end1: u32(end1!), end2: u32(end2!), ...decayParams(attributes) },
    bindings: [...[inputs[0]!, ...gradients].map(read), ...states.map(write)],
    workgroups: gridOf(end2!),
  };
}
