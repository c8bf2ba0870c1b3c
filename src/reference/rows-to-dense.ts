/** Rows that consecutive ids share: id i of a part receives row floor(i / fan) of the same part. */
export interface RowPart {
  readonly rows: Float64Array;
  /** Ids per row. */
  readonly fan: number;
  readonly occurrences: number;
}

/** What occurrence `o`, numbered through the parts, adds to its table row: `into[at + c] += rows[floor(o / fan)][c]`. */
export function addReceived(
  parts: readonly RowPart[],
  occurrence: number,
  d: number,
  into: Float64Array,
  at: number,
): void {
  let local = occurrence;
  for (const { rows, fan, occurrences } of parts) {
    if (local < occurrences) {
      const from = Math.floor(local / fan) * d;
      for (let c = 0; c < d; c++) into[at + c]! += rows[from + c]!;
      return;
    }
    local -= occurrences;
  }
}

/** The dense gradient `[tableRows, d]`: each row is the sum of what its occurrences received, in their order. */
export function rowsToDense(
  parts: readonly RowPart[],
  order: Uint32Array,
  touched: Uint32Array,
  starts: Uint32Array,
  count: number,
  tableRows: number,
  d: number,
): Float64Array {
  const gradient = new Float64Array(tableRows * d);
  for (let r = 0; r < count; r++) {
    for (let k = starts[r]!; k < starts[r + 1]!; k++) addReceived(parts, order[k]!, d, gradient, touched[r]! * d);
  }
  return gradient;
}
