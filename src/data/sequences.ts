/**
 * Every user's items in time order, as one array cut by offsets (compressed sparse rows). The items of user `u` are
 * `items[offsets[u]]` up to, not including, `items[offsets[u + 1]]`.
 *
 * Item ids are dense, 1 to `itemCount`, by descending frequency; equally frequent items stand in the order of their
 * first row in the log. 0 is padding and no item.
 */
export interface Sequences {
  readonly userCount: number;
  readonly itemCount: number;
  /** `[userCount + 1]`, from 0 to `items.length`. */
  readonly offsets: Uint32Array;
  /** `[number of interactions]`, ids from 1. */
  readonly items: Uint32Array;
  /** `[number of interactions]`, when each was, never falling within a user; there where the log says so. */
  readonly times?: Float64Array | undefined;
  /** For each interaction the items that a sample of it lists as not chosen; there where the log says so. */
  readonly negatives?: NegativeLists | undefined;
}

/** As many lists as there are interactions, one after another in `items`, cut by offsets `[number of interactions + 1]`. */
export type NegativeLists = Pick<Sequences, "offsets" | "items">;

/** Lists of items cut by offsets `[n + 1]`, with their times if known, without the counts of {@link Sequences}. */
export type ItemLists = Pick<Sequences, "offsets" | "items" | "times">;

/** The items of list number `index`, oldest first: a view, not a copy. */
export function itemsAt(lists: ItemLists, index: number): Uint32Array {
  return lists.items.subarray(lists.offsets[index]!, lists.offsets[index + 1]!);
}

/** Where the items of list number `index` stand in `lists.items`, ascending. */
export function placesAt({ offsets }: ItemLists, index: number): Uint32Array {
  const start = offsets[index]!;
  return Uint32Array.from({ length: offsets[index + 1]! - start }, (_, i) => start + i);
}

/** New lists of what stands at the places of each in `lists.items`, with their times. */
export function listsOf(lists: ItemLists, places: readonly Uint32Array[]): ItemLists {
  const { offsets, items: chosen } = concatenateLists(places);
  const { items, times } = lists;
  return {
    offsets,
    items: chosen.map((place) => items[place]!),
    ...(times && { times: Float64Array.from(chosen, (place) => times[place]!) }),
  };
}

/** The lists of these numbers, in this order. */
export const pickLists = (lists: ItemLists, chosen: Uint32Array): NegativeLists =>
  concatenateLists(Array.from(chosen, (index) => itemsAt(lists, index)));

/** Copies lists into one array cut by offsets. */
export function concatenateLists(lists: readonly ArrayLike<number>[]): { offsets: Uint32Array; items: Uint32Array } {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, index) => {
    offsets[index + 1] = offsets[index]! + list.length;
  });
  const items = new Uint32Array(offsets[lists.length]!);
  lists.forEach((list, index) => {
    items.set(list, offsets[index]!);
  });
  return { offsets, items };
}

/** How often each item occurs: `[itemCount + 1]`, `[0]` = 0. */
export function countItems(sequences: Sequences): Uint32Array {
  const counts = new Uint32Array(sequences.itemCount + 1);
  for (const item of sequences.items) counts[item] = counts[item]! + 1;
  return counts;
}
