/** What a slot without target gets for its rank. */
export const noRank = 0xffffffff;

/**
 * The 0-based rank of each target among items 1..V by score descending, id ascending, excluded items not counted; NaN ranks
 * last. `scores` is `[users, columns]` with columns = V + 1, `targets` `[users, T]` and `excluded` `[users, X]`, 0 for none.
 */
export function rankTargets(
  scores: Float64Array,
  targets: Uint32Array,
  excluded: Uint32Array,
  users: number,
): Uint32Array {
  const columns = scores.length / users;
  const slots = targets.length / users;
  const width = excluded.length / users;
  return targets.map((target, slot) => {
    if (target === 0 || target >= columns) return noRank;
    const user = Math.floor(slot / slots);
    const row = scores.subarray(user * columns, (user + 1) * columns);
    const left = new Set(excluded.subarray(user * width, (user + 1) * width));
    const own = row[target]!;
    let rank = 0;
    for (let item = 1; item < columns; item++) {
      if (!left.has(item) && comesBefore(row[item]!, item, own, target)) rank++;
    }
    return rank;
  });
}

function comesBefore(score: number, item: number, own: number, target: number): boolean {
  if (Number.isNaN(own)) return !Number.isNaN(score) || item < target;
  return score > own || (score === own && item < target);
}
