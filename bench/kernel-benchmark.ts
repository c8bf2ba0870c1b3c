import type { Node, Value } from "../src/graph/graph.ts";
import type { Shape } from "../src/graph/shape.ts";

/** What `--shape` and the defaults say; every benchmark derives its shapes from it. */
export interface Sizes {
  readonly batch: number;
  readonly length: number;
  readonly dimension: number;
  readonly interests: number;
  readonly iterations: number;
  /** Items in the catalogue. */
  readonly items: number;
  /** Negatives or candidates shared by a batch. */
  readonly negatives: number;
}

export const defaultSizes: Sizes = {
  batch: 256,
  length: 50,
  dimension: 64,
  interests: 4,
  iterations: 3,
  items: 10_000,
  negatives: 1000,
};

/** Sizes at which the reference answers at once; odd enough to leave no kernel a whole tile. */
export const checkSizes: Sizes = {
  batch: 9,
  length: 21,
  dimension: 20,
  interests: 3,
  iterations: 3,
  items: 203,
  negatives: 37,
};

/** An array that an op is given; it lies on the device before anything is timed. */
export interface Feed {
  readonly shape: Shape;
  readonly data: Float32Array | Uint32Array;
  /** `"parameter"` for what an update changes; default `"constant"`. */
  readonly role?: "constant" | "parameter";
}

/** What the mathematics needs at least, however it is computed. */
export interface Work {
  readonly flops: number;
  /** Default: all that is given and all outputs, once each. */
  readonly bytes?: number;
}

/** One op at one shape, as data. */
export interface KernelBenchmark {
  readonly name: string;
  /** The shape for people, such as `1024 x 64 x 256`. */
  readonly shape: string;
  feeds(): Readonly<Record<string, Feed>>;
  /** Applies the op; an update is a node without outputs. */
  apply(values: Readonly<Record<string, Value>>): Value | readonly Value[] | Node;
  readonly forward: Work;
  /** The op's gradient alone, given what the forward direction saved. */
  readonly backward?: Work & { readonly of: readonly string[] };
  /** Largest |got - want| / max(1, largest |want|); default 1e-4. */
  readonly tolerance?: number;
}

/** The default export of each file of `bench/ops`. */
export type DescribeKernels = (sizes: Sizes) => readonly KernelBenchmark[];
