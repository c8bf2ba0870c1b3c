/** out[i] = table[ids[i]], a zero row where the id is 0. `table` is `[V + 1, d]`. */
export function gather(table: Float64Array, ids: Uint32Array, d: number): Float64Array {
  const out = new Float64Array(ids.length * d);
  for (const [row, id] of ids.entries()) {
    if (id !== 0) out.set(table.subarray(id * d, (id + 1) * d), row * d);
  }
  return out;
}
