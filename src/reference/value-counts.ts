/** How many of the first places of each row of `ids [rows, width]` are in use, that is, not 0. */
export function valueCounts(ids: Uint32Array, width: number): Uint32Array {
  return Uint32Array.from({ length: ids.length / width }, (_, row) => {
    const end = ids.subarray(row * width, (row + 1) * width).indexOf(0);
    return end < 0 ? width : end;
  });
}
