import shader from "../../shaders/initial_capsules.wgsl";
import centralityShader from "../../shaders/initial_capsules_centrality.wgsl";
import { fail } from "../errors.ts";
import { f32, gridOf, read, u32, write } from "../graph/dispatch.ts";
import type { Dispatch, Op, Value } from "../graph/graph.ts";
import { requireShapes, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/initial-capsules.ts";
import { inverseNorms } from "./inverse-norms.ts";
import { quadsOf } from "./matmul-kernels.ts";

export interface InitialCapsulesOptions {
  /** Most interests of a user, K. */
  readonly interests: number;
  /**
   * `"max-min"`: a behaviour drawn by (seed, n), then again and again the one farthest from those chosen. `"markov"`: behaviours
   * that many others resemble, none a neighbour of another one chosen; their number follows from the data.
   */
  readonly method: "max-min" | "markov";
  /** tau of markov's transitions, exp(cos / tau); default 0.1. */
  readonly temperature?: number;
  /** The cosine above which behaviours are neighbours to markov; default 0.5. */
  readonly threshold?: number;
  /** Of max-min's first behaviour; default 1. */
  readonly seed?: number;
}

/**
 * Behaviours of each user to start routing from, in place of random logits. The same history gives the same ones in any batch; no
 * gradient flows to them.
 * @param behaviours `[batch, length, d]`
 * @param lengths u32 `[batch]`
 * @param limits u32 `[batch]`, most capsules of each user
 * @returns `capsules [batch, interests, d]`, and how many of the first are there: u32 `interestCounts [batch]`, at most one for a behaviour
 */
export function initialCapsules(
  behaviours: Value,
  lengths: Value,
  limits: Value,
  options: InitialCapsulesOptions,
): { readonly capsules: Value; readonly interestCounts: Value } {
  const [batch, length] = behaviours.shape as [number, number, number];
  const { interests, method, temperature = 0.1, threshold = 0.5, seed = 1 } = options;
  const shapes = { behaviours: behaviours.shape, lengths: lengths.shape, limits: limits.shape };
  const fits = behaviours.shape.length === 3 && sameShape(lengths.shape, [batch]) && sameShape(limits.shape, [batch]);
  requireShapes(fits, "initialCapsules", "behaviours [batch, length, d], lengths [batch] and limits [batch]", shapes);
  if (!(temperature > 0)) fail(`initialCapsules: expected a temperature above 0, got ${temperature}`);
  const { graph } = behaviours;
  const name = `initialCapsules.drawn.${graph.values.length}`;
  const drawn = graph.constant(name, [length + 1], reference.drawnPlaces(length, seed));
  const inputs = [behaviours, lengths, limits, drawn, inverseNorms(behaviours)];
  const [capsules, interestCounts] = graph.apply(op, inputs, { interests, method, temperature, threshold });
  return { capsules: capsules!, interestCounts: interestCounts! };
}

const op: Op<reference.InitialCapsulesRule> = {
  name: "initialCapsules",
  outputs([behaviours], { interests }) {
    const [batch, , d] = behaviours!.shape as [number, number, number];
    return [{ shape: [batch, interests, d] }, { shape: [batch], type: "u32" }];
  },
  scratch: ([behaviours]) => [{ shape: [behaviours!.shape[0]! * behaviours!.shape[1]!] }],
  gradient: ({ inputs }) => inputs.map(() => null),
  reference(inputs, rule) {
    const [, length, d] = inputs[0]!.shape as [number, number, number];
    const [e, lengths, limits, drawn, norms] = inputs.map((input) => input.data);
    const arrays = { e, lengths, limits, drawn, inverseNorms: norms } as reference.InitialCapsulesInputs;
    const { capsules, counts } = reference.initialCapsules(arrays, length, d, rule);
    return [capsules, counts];
  },
  kernels({ inputs, outputs, scratch, attributes: { interests, method, temperature, threshold } }) {
    const [behaviours, lengths, , , norms] = inputs as [Value, Value, Value, Value, Value];
    const [batch, length] = behaviours.shape as [number, number, number];
    const markov = method === "markov";
    const params = { batch: u32(batch), length: u32(length), quads: u32(quadsOf(behaviours.shape)) };
    const centrality: Dispatch = {
      shader: centralityShader,
      params: { ...params, temperature: f32(temperature), threshold: f32(threshold) },
      bindings: [...[behaviours, lengths, norms].map(read), write(scratch[0]!)],
      workgroups: gridOf(batch * length),
    };
    const choice: Dispatch = {
      shader,
      constants: { markov: Number(markov) },
      params: { ...params, interests: u32(interests), threshold: f32(threshold) },
      bindings: [...inputs.map(read), write(scratch[0]!), ...outputs.map(write)],
      workgroups: gridOf(batch),
    };
    return markov ? [centrality, choice] : [choice];
  },
};
