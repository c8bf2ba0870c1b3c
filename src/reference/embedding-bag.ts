/** out[i] = mean of table[f] over the non-zero f in members[ids[i]]. `table` is `[F + 1, d]`, `members` `[V + 1, width]`. */
export function embeddingBag(
  table: Float64Array,
  members: Uint32Array,
  ids: Uint32Array,
  width: number,
  d: number,
): Float64Array {
  const out = new Float64Array(ids.length * d);
  for (const [row, id] of ids.entries()) {
    if (id === 0) continue;
    const present = members.subarray(id * width, (id + 1) * width).filter((member) => member !== 0);
    for (const member of present) {
      for (let c = 0; c < d; c++) out[row * d + c]! += table[member * d + c]! / present.length;
    }
  }
  return out;
}

/** The members of every id, `[ids, width]`, and the share of a mean that each of them is: 1 / members, 0 without any. */
export function expandMembers(
  members: Uint32Array,
  ids: Uint32Array,
  width: number,
): { expanded: Uint32Array; share: Float64Array } {
  const expanded = new Uint32Array(ids.length * width);
  const share = new Float64Array(ids.length);
  writeMembers(members, ids, width, expanded, share);
  return { expanded, share };
}

/** {@link expandMembers} into memory that is there. */
export function writeMembers(
  members: Uint32Array,
  ids: Uint32Array,
  width: number,
  expanded: Uint32Array,
  share: Float64Array | Float32Array,
): void {
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row]!;
    let count = 0;
    for (let j = 0; j < width; j++) {
      const member = id === 0 ? 0 : members[id * width + j]!;
      expanded[row * width + j] = member;
      if (member !== 0) count++;
    }
    share[row] = count > 0 ? 1 / count : 0;
  }
}

/** rows[i] = share[i] upstream[i]: what each member of item i receives. `upstream` is `[rows, d]`. */
export function embeddingBagBackward(upstream: Float64Array, share: Float64Array, d: number): Float64Array {
  return upstream.map((value, i) => value * share[Math.floor(i / d)]!);
}
