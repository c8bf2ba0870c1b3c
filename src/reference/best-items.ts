import { type BestScoresSizes, bestScores, noWinner } from "./best-scores.ts";

export interface BestItemsInputs {
  /** `[users, interests, d]` */
  readonly interests: Float64Array;
  /** `[users]` */
  readonly counts: Uint32Array;
  /** `[V + 1, d]` */
  readonly table: Float64Array;
  /** `[users, slots]` items, 0 for none. */
  readonly hidden: Uint32Array;
  /** `[filters, words]`, a bit for each item, and `[users]`, a filter from 1 or 0 for none. */
  readonly allowed?: Uint32Array | undefined;
  readonly filters?: Uint32Array | undefined;
}

/**
 * The `top` items of highest best score of each user, the lower id first among equal ones; 0 behind the last. Never among them:
 * row 0, hidden items, those not allowed, scores that are not a number, all items for a user without interests.
 */
export function bestItems(
  { interests, counts, table, hidden, allowed, filters }: BestItemsInputs,
  sizes: BestScoresSizes,
  top: number,
): [items: Uint32Array, scores: Float64Array, interests: Uint32Array] {
  const { users, candidates } = sizes;
  const [scores, winners] = bestScores(interests, counts, table, sizes);
  const bytes = new Uint8Array(winners.buffer);
  const found: [Uint32Array, Float64Array, Uint32Array] = [
    new Uint32Array(users * top),
    new Float64Array(users * top),
    new Uint32Array(users * top),
  ];
  const slots = hidden.length / users;
  for (let b = 0; b < users; b++) {
    const left = new Set(hidden.subarray(b * slots, (b + 1) * slots));
    const winnerOf = (item: number) => bytes[(b * winners.length * 4) / users + item]!;
    const scoreOf = (item: number) => scores[b * candidates + item]!;
    const isAllowed = allowedBy(allowed, filters?.[b] ?? 0, candidates);
    const items = Array.from({ length: candidates - 1 }, (_, i) => i + 1)
      .filter(
        (item) => winnerOf(item) !== noWinner && !Number.isNaN(scoreOf(item)) && !left.has(item) && isAllowed(item),
      )
      .sort((one, other) => scoreOf(other) - scoreOf(one) || one - other);
    for (const [i, item] of items.slice(0, top).entries()) {
      found[0][b * top + i] = item;
      found[1][b * top + i] = scoreOf(item);
      found[2][b * top + i] = winnerOf(item);
    }
  }
  return found;
}

/** Words of a filter over a table's rows. */
export const filterWords = (rows: number) => Math.ceil(rows / 32);

function allowedBy(allowed: Uint32Array | undefined, filter: number, rows: number): (item: number) => boolean {
  if (!allowed || filter === 0) return () => true;
  const from = (filter - 1) * filterWords(rows);
  return (item) => ((allowed[from + (item >>> 5)]! >>> (item & 31)) & 1) === 1;
}
