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
  // The loops run on memory of the closure, not on arrays they are given: V8 takes it for constant and is twice as fast.
  // Two lists of keys, each with the places they stand at behind it: a pass goes from one list to the other.
  const memory = new Uint32Array(4 * occurrences);
  const counters = new Uint32Array(2 ** Math.min(mostDigitBits, bitsOf(4 * occurrences)));
  const kept = allocate(occurrences);
  let total = 0;

  /** Lists the occurrences of ids but 0; returns the bits that occur in any. */
  function collect(parts: readonly Uint32Array[]): number {
    let listed = 0;
    let bits = 0;
    let first = 0;
    for (const ids of parts) {
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i]!;
        memory[listed] = id;
        memory[occurrences + listed] = first + i;
        bits |= id;
        listed += id === 0 ? 0 : 1;
      }
      first += ids.length;
    }
    total = listed;
    return bits;
  }

  function sortByDigit(from: number, to: number, shift: number, digits: number): void {
    const mask = digits - 1;
    const end = from + total;
    counters.fill(0, 0, digits);
    for (let i = from; i < end; i++) {
      const digit = (memory[i]! >>> shift) & mask;
      counters[digit] = counters[digit]! + 1;
    }
    let next = to;
    for (let digit = 0; digit < digits; digit++) {
      const size = counters[digit]!;
      counters[digit] = next;
      next += size;
    }
    for (let i = from; i < end; i++) {
      const key = memory[i]!;
      const digit = (key >>> shift) & mask;
      const target = counters[digit]!;
      counters[digit] = target + 1;
      memory[target] = key;
      memory[occurrences + target] = memory[occurrences + i]!;
    }
  }

  /** Cuts a sorted list into rows. */
  function group(from: number, { order, rows, starts, count }: RowOrder): void {
    let found = 0;
    let previous = 0;
    for (let i = 0; i < total; i++) {
      order[i] = memory[occurrences + from + i]!;
      const key = memory[from + i]!;
      if (key === previous) continue;
      previous = key;
      rows[found] = key;
      starts[found++] = i;
    }
    order.fill(0, total);
    rows.fill(0, found);
    starts.fill(total, found);
    count[0] = found;
  }

  return (parts, into = kept) => {
    const keyBits = bitsOf(collect(parts));
    const passes = Math.ceil(keyBits / bitsOf(counters.length - 1));
    const digitBits = Math.ceil(keyBits / passes);
    let from = 0;
    for (let pass = 0; pass < passes; pass++) {
      const to = 2 * occurrences - from;
      sortByDigit(from, to, pass * digitBits, 2 ** digitBits);
      from = to;
    }
    group(from, into);
    return into;
  };
}

const allocate = (occurrences: number): RowOrder => ({
  order: new Uint32Array(occurrences),
  rows: new Uint32Array(occurrences),
  starts: new Uint32Array(occurrences + 1),
  count: new Uint32Array(1),
});

/** Bits from the lowest to the highest that is set. */
const bitsOf = (value: number): number => 32 - Math.clz32(value);
