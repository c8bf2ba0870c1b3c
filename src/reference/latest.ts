/** The last `count` of the first n ids of each row, newest first, 0 where there are fewer; `history` is `[users, length]`. */
export function latest(
  history: Uint32Array,
  lengths: Uint32Array,
  count: number,
  into: Uint32Array = new Uint32Array(lengths.length * count),
): Uint32Array {
  const length = history.length / lengths.length;
  for (let user = 0; user < lengths.length; user++) {
    const n = Math.min(lengths[user]!, length);
    for (let k = 0; k < count; k++) into[user * count + k] = k < n ? history[user * length + n - 1 - k]! : 0;
  }
  return into;
}
