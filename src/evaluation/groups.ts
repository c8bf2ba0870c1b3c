import { fail } from "../errors.ts";
import { rankingMetrics } from "./metrics.ts";
import type { HeldOut } from "./most-popular.ts";

/** A part of what is judged, told by a number that lies from `from` to `to`. */
export interface Group {
  readonly from: number;
  readonly to: number;
  /** How many users or targets it has. */
  readonly count: number;
}

/** How well targets are found in one group; `found[i]` belongs to the i-th N. */
export interface GroupResult extends Group {
  readonly found: readonly number[];
}

/**
 * Cuts the range of some numbers so that about as many lie in each group; equal numbers stay together, so there may be fewer
 * groups than asked for, and no group is empty.
 */
export function quantileGroups(numbers: ArrayLike<number>, most: number): Group[] {
  const sorted = Float64Array.from(numbers).sort();
  const groups: Group[] = [];
  let begin = 0;
  for (let part = 1; part <= most && begin < sorted.length; part++) {
    let end = Math.max(begin + 1, Math.round((part * sorted.length) / most));
    while (end < sorted.length && sorted[end] === sorted[end - 1]) end++;
    groups.push({ from: sorted[begin]!, to: sorted[end - 1]!, count: end - begin });
    begin = end;
  }
  return groups;
}

/** HitRate by how many behaviours a user's history has. */
export function byHistoryLength(
  ranks: Uint32Array,
  { history, targets }: HeldOut,
  at: readonly number[],
  most = 5,
): GroupResult[] {
  checkRanks(ranks, targets.offsets);
  const users = Array.from({ length: targets.offsets.length - 1 }, (_, user) => user).filter(
    (user) => targets.offsets[user] !== targets.offsets[user + 1],
  );
  const lengthOf = (user: number) => history.offsets[user + 1]! - history.offsets[user]!;
  return quantileGroups(users.map(lengthOf), most).map((group) => {
    const own = users.filter((user) => lengthOf(user) >= group.from && lengthOf(user) <= group.to);
    const lists = own.map((user) => ranks.subarray(targets.offsets[user]!, targets.offsets[user + 1]!));
    const offsets = new Uint32Array(lists.length + 1);
    lists.forEach((list, index) => {
      offsets[index + 1] = offsets[index]! + list.length;
    });
    const flat = Uint32Array.from(lists.flatMap((list) => [...list]));
    return { ...group, found: rankingMetrics(flat, offsets, at).map(({ hitRate }) => hitRate) };
  });
}

/** Share of the targets that are among the first N, by how often the target occurs in the training part. */
export function byPopularity(
  ranks: Uint32Array,
  { targets }: HeldOut,
  itemCounts: Uint32Array,
  at: readonly number[],
  most = 5,
): GroupResult[] {
  checkRanks(ranks, targets.offsets);
  const counts = Array.from(targets.items, (item) => itemCounts[item]!);
  return quantileGroups(counts, most).map((group) => {
    const own = ranks.filter((_, place) => counts[place]! >= group.from && counts[place]! <= group.to);
    return { ...group, found: at.map((n) => own.reduce((sum, rank) => sum + (rank < n ? 1 : 0), 0) / group.count) };
  });
}

function checkRanks(ranks: Uint32Array, offsets: Uint32Array): void {
  if (ranks.length !== offsets.at(-1)) fail(`groups: expected ${offsets.at(-1)} ranks, got ${ranks.length}`);
}
