/** How many of the first places of each row of `ids [rows, width]` are in use, that is, not 0. */
export function valueCounts(
  ids: Uint32Array,
  width: number,
  into: Uint32Array = new Uint32Array(ids.length / width),
): Uint32Array {
  for (let row = 0; row < into.length; row++) {
    let count = 0;
    while (count < width && ids[row * width + count] !== 0) count++;
    into[row] = count;
  }
  return into;
}
