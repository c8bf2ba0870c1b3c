import { fail } from "../errors.ts";
import type { ItemCategories } from "./categories.ts";

/** What recommended lists are like, whether or not they hold what a user was looking for. */
export interface ListMetrics {
  /** N: how many items of each list count. */
  at: number;
  /** Catalogue coverage: share of all items that are in somebody's list (Ge et al., RecSys 2010). */
  coverage: number;
  /**
   * Category diversity: mean over users of the share of pairs of different category within a list (ComiRec, KDD 2020). Items
   * of several categories differ if they share none; pairs with an item of unknown category do not count, nor do users without
   * a pair. Null where nobody has one.
   */
  diversity: number | null;
  /**
   * Average recommendation popularity (Yin et al., VLDB 2012): mean over users of the mean number of training interactions of a
   * list's items. Null where all lists are empty.
   */
  popularity: number | null;
}

/** Takes lists one by one. */
export interface ListMeter {
  /** A user's items, best first; those beyond the largest N are ignored. */
  add(items: ArrayLike<number>): void;
  result(): ListMetrics[];
}

/** @param itemCounts interactions of each item in the training part, `[items + 1]` */
export function createListMeter(
  at: readonly number[],
  { itemCounts, categories }: { readonly itemCounts: Uint32Array; readonly categories?: ItemCategories | undefined },
): ListMeter {
  for (const n of at) {
    if (!Number.isInteger(n) || n < 1) fail(`metrics at N need whole numbers N >= 1, got ${n}`);
  }
  const itemCount = itemCounts.length - 1;
  if (categories && categories.values.length !== (itemCount + 1) * categories.width) {
    fail(
      `createListMeter: expected categories [${itemCount + 1}, ${categories.width}], got ${categories.values.length}`,
    );
  }
  /** The best place at which each item was listed for anybody. */
  const places = new Uint32Array(itemCount + 1).fill(0xffffffff);
  const sums = at.map(() => ({ users: 0, popularity: 0, usersWithPairs: 0, diversity: 0 }));
  const pairs = categories && createPairCounter(categories);
  const deepest = Math.max(...at);

  return {
    add(items) {
      const length = Math.min(items.length, deepest);
      if (length === 0) return;
      pairs?.restart();
      let interactions = 0;
      for (let place = 0; place < length; place++) {
        const item = items[place]!;
        places[item] = Math.min(places[item]!, place);
        interactions += itemCounts[item]!;
        pairs?.add(item);
        for (const [index, n] of at.entries()) {
          if (place + 1 !== Math.min(n, length)) continue;
          const sum = sums[index]!;
          sum.users++;
          sum.popularity += interactions / (place + 1);
          if (!pairs || pairs.count() === 0) continue;
          sum.usersWithPairs++;
          sum.diversity += pairs.different() / pairs.count();
        }
      }
    },
    result: () =>
      at.map((n, index) => {
        const { users, popularity, usersWithPairs, diversity } = sums[index]!;
        const listed = places.reduce((count, place) => count + (place < n ? 1 : 0), 0);
        return {
          at: n,
          coverage: listed / itemCount,
          diversity: usersWithPairs === 0 ? null : diversity / usersWithPairs,
          popularity: users === 0 ? null : popularity / users,
        };
      }),
  };
}

/** Counts the pairs of a growing list, and those that share no category. */
function createPairCounter({ width, values, count: categoryCount }: ItemCategories) {
  /** The stamp of the item that had a category last: a set that needs no clearing. */
  const stamps = new Uint32Array(categoryCount + 1);
  let stamp = 0;
  let listed: number[] = [];
  let count = 0;
  let different = 0;
  const shares = (item: number) => {
    for (let at = item * width; at < (item + 1) * width; at++) {
      if (values[at]! > 0 && stamps[values[at]!] === stamp) return true;
    }
    return false;
  };
  return {
    restart() {
      listed = [];
      count = 0;
      different = 0;
    },
    add(item: number) {
      const own = values.subarray(item * width, (item + 1) * width);
      if (own.every((category) => category === 0)) return;
      stamp++;
      for (const category of own) stamps[category] = stamp;
      for (const other of listed) if (!shares(other)) different++;
      count += listed.length;
      listed.push(item);
    },
    count: () => count,
    different: () => different,
  };
}
