/** Which occurrences belong to which row; the arrays are as long as there are occurrences. */
export interface RowOrder {
  /** Occurrence numbers, row by row, ascending within a row. */
  readonly order: Uint32Array;
  /** The rows that occur, ascending; 0 behind the last. */
  readonly rows: Uint32Array;
  /** Row r owns `order[starts[r]]` to `order[starts[r + 1] - 1]`; behind the last row, the end of the order. */
  readonly starts: Uint32Array;
  /** How many rows occur. */
  readonly count: Uint32Array;
}

/** Sorts the occurrences of ids through the parts into `into`, by default into memory that the next call uses again. */
export type SortRows = (parts: readonly Uint32Array[], into?: RowOrder) => RowOrder;

/** A pass counts the occurrences of each digit, at a small cost for each digit there may be: at most 2^15 of them, 128 KiB. */
const mostDigitBits = 15;

/**
 * Makes a function that sorts the occurrences of up to `occurrences` ids by row: stably, without id 0, and without memory
 * of its own per call. Occurrences are numbered through the parts. A radix sort whose cost does not depend on the table's size.
 */
export function createRowOrder(occurrences: number): SortRows {
  const [keys, places, otherKeys, otherPlaces] = Array.from({ length: 4 }, () => new Uint32Array(occurrences)) as Lists;
  const counters = new Uint32Array(2 ** Math.min(mostDigitBits, bitsOf(4 * occurrences)));
  const kept = allocate(occurrences);

  return (parts, into = kept) => {
    let total = 0;
    let bits = 0;
    let first = 0;
    for (const ids of parts) {
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i]!;
        keys[total] = id;
        places[total] = first + i;
        bits |= id;
        total += id === 0 ? 0 : 1;
      }
      first += ids.length;
    }
    const passes = Math.ceil(bitsOf(bits) / bitsOf(counters.length - 1));
    const digitBits = Math.ceil(bitsOf(bits) / passes);
    let lists: Lists = [keys, places, otherKeys, otherPlaces];
    for (let pass = 0; pass < passes; pass++) {
      sortByDigit(lists, total, pass * digitBits, counters.subarray(0, 2 ** digitBits));
      const [a, b, c, d] = lists;
      lists = [c, d, a, b];
    }
    return group(lists[0], lists[1], total, into);
  };
}

/** Keys and the places they stand at, and as much memory again for the next pass. */
type Lists = [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

function sortByDigit(
  [keys, places, toKeys, toPlaces]: Lists,
  total: number,
  shift: number,
  counters: Uint32Array,
): void {
  const mask = counters.length - 1;
  counters.fill(0);
  for (let i = 0; i < total; i++) {
    const digit = (keys[i]! >>> shift) & mask;
    counters[digit] = counters[digit]! + 1;
  }
  let offset = 0;
  for (let digit = 0; digit <= mask; digit++) {
    const size = counters[digit]!;
    counters[digit] = offset;
    offset += size;
  }
  for (let i = 0; i < total; i++) {
    const key = keys[i]!;
    const digit = (key >>> shift) & mask;
    const to = counters[digit]!;
    counters[digit] = to + 1;
    toKeys[to] = key;
    toPlaces[to] = places[i]!;
  }
}

function group(keys: Uint32Array, places: Uint32Array, total: number, into: RowOrder): RowOrder {
  const { order, rows, starts, count } = into;
  let found = 0;
  let previous = 0;
  for (let i = 0; i < total; i++) {
    order[i] = places[i]!;
    const key = keys[i]!;
    if (key === previous) continue;
    previous = key;
    rows[found] = key;
    starts[found++] = i;
  }
  order.fill(0, total);
  rows.fill(0, found);
  starts.fill(total, found);
  count[0] = found;
  return into;
}

const allocate = (occurrences: number): RowOrder => ({
  order: new Uint32Array(occurrences),
  rows: new Uint32Array(occurrences),
  starts: new Uint32Array(occurrences + 1),
  count: new Uint32Array(1),
});

/** Bits from the lowest to the highest that is set. */
const bitsOf = (value: number): number => 32 - Math.clz32(value);
