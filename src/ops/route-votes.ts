import shader from "../../shaders/route_votes.wgsl";
import backwardShader from "../../shaders/route_votes_backward.wgsl";
import { fail } from "../errors.ts";
import { gridOf, read, roundedLength, u32, write } from "../graph/dispatch.ts";
import type { Op, Tensor, Value } from "../graph/graph.ts";
import { elementCount, formatShape, requireShapes, rowPitch, sameShape } from "../graph/shape.ts";
import * as reference from "../reference/route-votes.ts";
import { squash } from "./squash.ts";

export interface RouteVotesOptions {
  /** K, at most 64. */
  readonly interests: number;
  /** Routing iterations; default 3. */
  readonly iterations?: number;
}

/**
 * Dynamic routing over votes, one of each behaviour for each interest (ComiRec-DR, KDD 2020). Logits start at zero, a behaviour's
 * weights sum to 1 over the interests, and to the gradient the weights of the last iteration are constants, as in its code.
 * @param votes `[batch, length, interests * h]`; h is a multiple of 4
 * @param lengths u32 `[batch]`, how many of the first behaviours of each user are real
 * @returns interests `[batch, interests, h]`; 0 for users with no behaviours
 */
export function routeVotes(votes: Value, lengths: Value, { interests, iterations = 3 }: RouteVotesOptions): Value {
  const { shape } = votes;
  const h = (shape[2] ?? 0) / interests;
  const fits = shape.length === 3 && h >= 4 && h % 4 === 0 && sameShape(lengths.shape, [shape[0]!]);
  const expected = `votes [batch, length, interests h] of ${interests} interests with h a multiple of 4, and lengths [batch]`;
  requireShapes(fits, "routeVotes", expected, { votes: shape, lengths: lengths.shape });
  if (!Number.isInteger(iterations) || iterations < 1)
    fail(`routeVotes: expected iterations of at least 1, got ${iterations}`);
  if (interests > 64) fail(`routeVotes: expected at most 64 interests, got ${interests}`);
  return squash(votes.graph.apply(routeVotesOp, [votes, lengths], { interests, iterations })[0]!);
}

type Attributes = Required<RouteVotesOptions>;

const data = (tensor: Tensor) => tensor.data as Float64Array;

function sizesOf({ shape }: Pick<Value, "shape">, interests: number): reference.VoteSizes {
  const [batch, length, width] = shape as [number, number, number];
  return { batch, length, interests, h: width / interests };
}

const routeVotesOp: Op<Attributes> = {
  name: "routeVotes",
  outputs([votes], { interests }) {
    const { batch, length, h } = sizesOf(votes!, interests);
    return [{ shape: [batch, interests, h] }, { shape: [batch, length, interests] }];
  },
  gradient: ({ outputs: [, weights] }, [dz]) => [
    dz!.graph.apply(routeVotesBackwardOp, [weights!, dz!], undefined)[0]!,
    null,
  ],
  reference([votes, lengths], { interests, iterations }) {
    const sizes = sizesOf(votes!, interests);
    const { z, weights } = reference.routeVotes(data(votes!), lengths!.data as Uint32Array, sizes, iterations);
    return [z, weights];
  },
  kernels({ inputs: [votes, lengths], outputs: [z, weights], attributes }, { workgroupStorageBytes }) {
    const { interests, iterations } = attributes;
    const { batch, length, h } = sizesOf(votes!, interests);
    const weightCount = roundedLength(length * interests);
    const stateQuads = roundedLength((interests * h) / 4);
    const bytes = 4 * weightCount + 2 * 16 * stateQuads + 4 * 64;
    if (bytes > workgroupStorageBytes) {
      fail(
        `routeVotes: expected at most ${workgroupStorageBytes} bytes of workgroup memory on this adapter, got ${bytes} for votes ${formatShape(votes!.shape)} of ${interests} interests; use a shorter history or fewer interests`,
      );
    }
    return [
      {
        shader,
        constants: { weightCount, stateQuads },
        params: {
          batch: u32(batch),
          length: u32(length),
          interests: u32(interests),
          interestPitch: u32(rowPitch(weights!.shape, "f32")),
          hQuads: u32(h / 4),
          iterations: u32(iterations),
        },
        bindings: [read(votes!), read(lengths!), write(z!), write(weights!)],
        workgroups: gridOf(batch, 1),
      },
    ];
  },
};

const routeVotesBackwardOp: Op<undefined> = {
  name: "routeVotesBackward",
  outputs([weights, dz]) {
    const [batch, length, interests] = weights!.shape as [number, number, number];
    return [{ shape: [batch, length, interests * dz!.shape[2]!] }];
  },
  reference([weights, dz]) {
    const [batch, length, interests] = weights!.shape as [number, number, number];
    const sizes = { batch, length, interests, h: dz!.shape[2]! };
    return [reference.routeVotesBackward(data(weights!), data(dz!), sizes)];
  },
  kernels({ inputs: [weights, dz], outputs: [dv] }) {
    const [, length, interests] = weights!.shape as [number, number, number];
    const quads = elementCount(dv!.shape) / 4;
    return [
      {
        shader: backwardShader,
        params: {
          quads: u32(quads),
          length: u32(length),
          interests: u32(interests),
          interestPitch: u32(rowPitch(weights!.shape, "f32")),
          hQuads: u32(dz!.shape[2]! / 4),
        },
        bindings: [read(weights!), read(dz!), write(dv!)],
        workgroups: gridOf(quads),
      },
    ];
  },
};
