import { countItems, type Sequences } from "../data/sequences.ts";
import { unranked } from "./metrics.ts";

/** Lists of different lengths: list r is `items[offsets[r] .. offsets[r + 1])`. */
export interface Ragged {
  /** [lists + 1], from 0, never falling. */
  readonly offsets: Uint32Array;
  readonly items: Uint32Array;
}

/** What a user did before, and what the user did next. */
export interface HeldOut {
  /** [users] item ids that are already known, repetitions allowed. */
  readonly history: Ragged;
  /** [users] item ids to be found. */
  readonly targets: Ragged;
}

/**
 * The ids 1 to `itemCount` ordered by how often they occur in the training part, equally frequent ones by who occurs first there.
 * Not by id: ids are numbered by the frequency in the whole log, which knows what is held out.
 */
export function popularityOrder(train: Sequences): Uint32Array {
  const counts = countItems(train);
  const firstPlaces = new Uint32Array(counts.length).fill(0xffffffff);
  train.items.forEach((item, place) => {
    firstPlaces[item] = Math.min(firstPlaces[item]!, place);
  });
  return Uint32Array.from(counts.keys())
    .slice(1)
    .sort((a, b) => counts[b]! - counts[a]! || firstPlaces[a]! - firstPlaces[b]! || a - b);
}

/**
 * The baseline that shows every user the most popular items: 0-based ranks of the targets, aligned with `targets.items`.
 *
 * `order` lists the ids that are ranked, best first; a target that is not in it gets the rank
 * {@link unranked}. Unless `includeSeen`, the items of a user's history are taken out of that user's list, each once. A target
 * is never taken out: a user who comes back to a known item must still be able to be right.
 * Time O(order + sum over users of (history + targets) log history), not users times catalogue.
 */
export function mostPopularRanks(
  order: Uint32Array,
  { history, targets }: HeldOut,
  options: { includeSeen?: boolean } = {},
): Uint32Array {
  const positions = new Uint32Array(order.reduce((most, item) => Math.max(most, item), -1) + 1).fill(unranked);
  order.forEach((item, position) => {
    positions[item] = position;
  });
  const ranks = targets.items.map((item) => positions[item] ?? unranked);
  if (options.includeSeen) return ranks;

  // The last user (counted from 1) that already used a position: a set that needs no clearing.
  const lastUser = new Uint32Array(order.length);
  const seen = new Uint32Array(longest(history));
  for (let user = 0; user + 1 < targets.offsets.length; user++) {
    const own = ranks.subarray(targets.offsets[user]!, targets.offsets[user + 1]!);
    if (own.length === 0) continue;
    for (const rank of own) if (rank !== unranked) lastUser[rank] = user + 1;
    let count = 0;
    for (let entry = history.offsets[user]!; entry < history.offsets[user + 1]!; entry++) {
      const position = positions[history.items[entry]!] ?? unranked;
      if (position === unranked || lastUser[position] === user + 1) continue;
      lastUser[position] = user + 1;
      seen[count++] = position;
    }
    const ahead = seen.subarray(0, count).sort();
    own.forEach((rank, index) => {
      if (rank !== unranked) own[index] = rank - countBelow(ahead, rank);
    });
  }
  return ranks;
}

/**
 * The lists of the same baseline, user by user: the first `count` items of `order` that are not left out, as in
 * {@link mostPopularRanks}.
 */
export function* mostPopularLists(
  order: Uint32Array,
  heldOut: HeldOut,
  { count, includeSeen = false }: { readonly count: number; readonly includeSeen?: boolean },
): Generator<number[]> {
  for (let user = 0; user + 1 < heldOut.targets.offsets.length; user++) {
    const excluded = includeSeen ? new Set<number>() : seenItems(heldOut, user);
    const items: number[] = [];
    for (let position = 0; position < order.length && items.length < count; position++) {
      if (!excluded.has(order[position]!)) items.push(order[position]!);
    }
    yield items;
  }
}

/** What is left out of a user's ranking: the items of the history, but never a target, which must be there to be found. */
export function seenItems({ history, targets }: HeldOut, user: number): Set<number> {
  const seen = new Set(history.items.subarray(history.offsets[user]!, history.offsets[user + 1]!));
  for (let entry = targets.offsets[user]!; entry < targets.offsets[user + 1]!; entry++) {
    seen.delete(targets.items[entry]!);
  }
  return seen;
}

/** The length of the longest list. */
export function longest({ offsets }: Ragged): number {
  let most = 0;
  for (let list = 0; list + 1 < offsets.length; list++) most = Math.max(most, offsets[list + 1]! - offsets[list]!);
  return most;
}

/** How many of the ascending `values` are below `bound`. */
function countBelow(values: Uint32Array, bound: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
