import type { Sequences } from "../data/sequences.ts";
import type { Shape } from "../graph/shape.ts";
import type { Arrays } from "./arrays.ts";

/** What one pass of fitting brings. */
export interface FittedPass {
  readonly arrays: Arrays;
  /** What the pass made smaller, where there is such a thing. */
  readonly loss: number | null;
}

/** Scores the whole catalogue for one user after the other. */
export interface HistoryScorer {
  /**
   * @param history item ids from 1, oldest first
   * @param into `[items + 1]`, overwritten; the higher, the better, and `[0]`, the padding, means nothing
   */
  score(history: Uint32Array, into: Float32Array): void;
}

/**
 * A model that is fitted to a log, by counting or in closed form, instead of trained by gradients. It runs on the CPU, in
 * double precision, and knows users by their histories alone, so that new ones are served like those of the log.
 */
export interface FittedModel {
  /** Whether a pass goes on from the one before; else the first one is all there is. */
  readonly isIterative: boolean;
  /** One pass over the log; `before` are the arrays of the last one. */
  pass(train: Sequences, before: Arrays | undefined, onProgress: FittingProgress): Promise<FittedPass>;
  /** The shapes of its arrays. */
  shapes(itemCount: number): ReadonlyMap<string, Shape>;
  scorer(arrays: Arrays, itemCount: number): HistoryScorer;
}

/** Told now and then how much of a pass is done; awaited, so that others get their turn. */
export type FittingProgress = (done: number, total: number) => Promise<void>;
