import type { Dispatch, KernelTarget, OutputSpec, Value } from "../graph/graph.ts";
import { type RowWindow, rowWindows } from "../graph/windows.ts";
import { type BestScoresSizes, winnerWords } from "../reference/best-scores.ts";
import { type ScoreValues, windowDispatch } from "./best-scores-kernels.ts";
import type { FamilyName } from "./matmul-kernels.ts";

/** Scores in memory at a time. */
const scoresAtOnce = 2 ** 20;

/** Rows of a chunk: a multiple of 64, at whose bytes a binding may start. */
const chunkRows = (users: number, rows: number) =>
  64 * Math.max(1, Math.ceil(Math.min(rows, scoresAtOnce / users) / 64));

/** Memory for the scores of one chunk of a table's rows and for their winners. */
export function chunkScratch(users: number, rows: number): readonly [OutputSpec, OutputSpec] {
  const most = chunkRows(users, rows);
  return [{ shape: [users, most] }, { shape: [users, winnerWords(most)], type: "u32" }];
}

export interface Chunk extends RowWindow {
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** The table's windows, each cut into chunks of as many rows as there is memory for. */
export function chunksOf(table: Value, scores: Value, target: KernelTarget): Chunk[] {
  const most = scores.shape[1]!;
  const windows = rowWindows(table, target).flatMap(({ first, count }) =>
    Array.from({ length: Math.ceil(count / most) }, (_, i) => ({
      first: first + i * most,
      count: Math.min(most, count - i * most),
    })),
  );
  return windows.map((window, i) => ({ ...window, isFirst: i === 0, isLast: i === windows.length - 1 }));
}

/** Scores one chunk for all users. */
export const scoreChunk = (
  family: FamilyName,
  sizes: BestScoresSizes,
  chunk: Chunk,
  values: ScoreValues,
  keepWinners: boolean,
): Dispatch => windowDispatch(family, sizes, chunk, values, { first: 0, keepWinners });
