/** The place of each behaviour counted from the newest, which is 1: `n - i` of behaviour i from 0, and 0 for padding; `[users, length]`. */
export function recency(
  lengths: Uint32Array,
  length: number,
  into: Uint32Array = new Uint32Array(lengths.length * length),
): Uint32Array {
  for (let user = 0; user < lengths.length; user++) {
    const n = Math.min(lengths[user]!, length);
    for (let i = 0; i < length; i++) into[user * length + i] = i < n ? n - i : 0;
  }
  return into;
}
