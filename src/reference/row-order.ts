/** Which occurrences belong to which row; the arrays are as long as there are occurrences, and valid until the next sort. */
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

const digitBits = 11;
const digits = 1 << digitBits;

/**
 * Makes a function that sorts the occurrences of up to `occurrences` ids by row: stably, without id 0, and without memory
 * of its own per call. Occurrences are numbered through the parts. A radix sort whose cost does not depend on the table's size.
 */
export function createRowOrder(occurrences: number): (parts: readonly Uint32Array[]) => RowOrder {
  let keys = new Uint32Array(occurrences);
  let order = new Uint32Array(occurrences);
  let otherKeys = new Uint32Array(occurrences);
  let otherOrder = new Uint32Array(occurrences);
  const sortedOrder = new Uint32Array(occurrences);
  const rows = new Uint32Array(occurrences);
  const starts = new Uint32Array(occurrences + 1);
  const count = new Uint32Array(1);
  const offsets = new Uint32Array(digits);

  function collect(parts: readonly Uint32Array[]): { total: number; largest: number } {
    let total = 0;
    let largest = 0;
    let occurrence = 0;
    for (const ids of parts) {
      for (let i = 0; i < ids.length; i++, occurrence++) {
        const id = ids[i]!;
        if (id === 0) continue;
        keys[total] = id;
        order[total++] = occurrence;
        if (id > largest) largest = id;
      }
    }
    return { total, largest };
  }

  function sortByDigit(total: number, shift: number): void {
    offsets.fill(0);
    for (let i = 0; i < total; i++) offsets[(keys[i]! >>> shift) & (digits - 1)]!++;
    let offset = 0;
    for (let digit = 0; digit < digits; digit++) {
      const size = offsets[digit]!;
      offsets[digit] = offset;
      offset += size;
    }
    for (let i = 0; i < total; i++) {
      const key = keys[i]!;
      const to = offsets[(key >>> shift) & (digits - 1)]!++;
      otherKeys[to] = key;
      otherOrder[to] = order[i]!;
    }
    [keys, otherKeys, order, otherOrder] = [otherKeys, keys, otherOrder, order];
  }

  return (parts) => {
    const { total, largest } = collect(parts);
    for (let shift = 0; shift < 32 && largest >>> shift > 0; shift += digitBits) sortByDigit(total, shift);
    let found = 0;
    for (let i = 0; i < total; i++) {
      if (i > 0 && keys[i] === keys[i - 1]) continue;
      rows[found] = keys[i]!;
      starts[found++] = i;
    }
    rows.fill(0, found);
    starts.fill(total, found);
    count[0] = found;
    sortedOrder.set(order.subarray(0, total));
    sortedOrder.fill(0, total);
    return { order: sortedOrder, rows, starts, count };
  };
}
