import type { SparseRows } from "./interaction-matrix.ts";
import { addGram, createNormalEquations, fewTargets, type NormalEquationsOptions, whiten } from "./normal-equations.ts";
import { widthOf } from "./symmetric.ts";

/** The two tables of factors: each is solved for from the other. */
export type WalsSide = "users" | "items";

/** All that a pass works on, in memory that threads may share. */
export interface WalsMemory {
  readonly options: NormalEquationsOptions;
  /** Each user's items and each item's users, with how often. */
  readonly entries: Readonly<Record<WalsSide, SparseRows>>;
  /** `[rows, dimension]` */
  readonly factors: Readonly<Record<WalsSide, Float32Array>>;
  /** `Y^T Y` of the table that is solved from, and L of `Y^T Y + lambda I = L L^T`. */
  readonly gram: Float64Array;
  readonly lower: Float64Array;
  /** `Y L^-T` of that table. */
  readonly whitened: Float64Array;
  /** What each chunk adds to a sum, `[chunks, width, width]` and `[chunks]`. */
  readonly gramParts: Float64Array;
  readonly lossParts: Float64Array;
}

/** A part of a pass: all rows of one side, in chunks that do not depend on each other. */
export interface WalsStep {
  readonly kind: "gram" | "whiten" | "solve" | "loss";
  /** Whose rows they are. */
  readonly side: WalsSide;
}

/** Rows that are solved for in one go. */
const rowsPerChunk = 64;
/** Sums are made in so many parts at most. */
const parts = 256;

/** Rows of a chunk: by their number alone, so that sums have the same bits however many threads make them. */
export function chunkRows({ kind }: WalsStep, rows: number): number {
  return kind === "solve" ? rowsPerChunk : Math.max(rowsPerChunk, Math.ceil(rows / parts));
}

export const chunksOf = (step: WalsStep, rows: number): number => Math.ceil(rows / chunkRows(step, rows));

export const rowsOf = ({ entries }: Pick<WalsMemory, "entries">, side: WalsSide): number =>
  entries[side].offsets.length - 1;

export const otherSide = (side: WalsSide): WalsSide => (side === "users" ? "items" : "users");

/** Whether so many rows have few targets that whitening the other side's takes less than it saves: about 1 us against 25. */
export function isWhitened({ entries, options }: Pick<WalsMemory, "entries" | "options">, side: WalsSide): boolean {
  const { offsets } = entries[side];
  const most = fewTargets(options.dimension);
  let few = 0;
  for (let row = 0; row + 1 < offsets.length; row++) few += Number(offsets[row + 1]! - offsets[row]! <= most);
  return 16 * few > rowsOf({ entries }, otherSide(side));
}

/** What does one chunk of a step, each with scratch memory of its own. */
export function workOn(memory: WalsMemory, step: WalsStep): (chunk: number) => void {
  const { kind, side } = step;
  const { options, entries, factors, gram, lower, whitened, gramParts, lossParts } = memory;
  const { dimension, confidence } = options;
  const rows = rowsOf(memory, side);
  const perChunk = chunkRows(step, rows);
  const rangeOf = (chunk: number) => [chunk * perChunk, Math.min(rows, (chunk + 1) * perChunk)] as const;
  const own = entries[side];
  const other = factors[otherSide(side)];
  switch (kind) {
    case "gram": {
      const size = widthOf(dimension) ** 2;
      return (chunk) => {
        const part = gramParts.subarray(chunk * size, (chunk + 1) * size).fill(0);
        addGram(factors[side], dimension, ...rangeOf(chunk), part);
      };
    }
    case "whiten":
      return (chunk) => whiten(factors[side], lower, dimension, rangeOf(chunk), whitened);
    case "solve": {
      const helped = isWhitened(memory, side) ? { lower, rows: whitened } : undefined;
      const equations = createNormalEquations({ factors: other, gram, whitened: helped }, options);
      return (chunk) => {
        const [from, to] = rangeOf(chunk);
        for (let row = from; row < to; row++) {
          const solution = equations.solve(own.columns, own.values, own.offsets[row]!, own.offsets[row + 1]!);
          factors[side].set(solution, row * dimension);
        }
      };
    }
    case "loss":
      return (chunk) => {
        lossParts[chunk] = lossOf(own, factors[side], other, dimension, confidence, rangeOf(chunk));
      };
  }
}

/** By how much the pairs that had to do with each other change the sum of squares over all pairs, which says that none had. */
function lossOf(
  { offsets, columns, values }: SparseRows,
  own: Float32Array,
  other: Float32Array,
  dimension: number,
  confidence: number,
  [from, to]: readonly [number, number],
): number {
  let sum = 0;
  for (let row = from; row < to; row++) {
    for (let entry = offsets[row]!; entry < offsets[row + 1]!; entry++) {
      const place = columns[entry]! * dimension;
      let product = 0;
      for (let i = 0; i < dimension; i++) product += own[row * dimension + i]! * other[place + i]!;
      sum += (1 + confidence * values[entry]!) * (1 - product) ** 2 - product ** 2;
    }
  }
  return sum;
}
