import type { Precision, Shape } from "../graph/shape.ts";

/** A parameter as it is kept on the host; `data` of precision `"f16"` are numbers that halves can hold. */
export interface StoredArray {
  readonly shape: Shape;
  readonly data: Float32Array;
  /** Default `"f32"`. */
  readonly precision?: Precision;
}

/** What a model has learned, by name. */
export type Arrays = ReadonlyMap<string, StoredArray>;
