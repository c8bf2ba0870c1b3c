/**
 * The 0-based rank of an item by score descending, id ascending, without the excluded items, itself apart; NaN ranks last.
 * @param scores by item; item 0, the padding, is not ranked
 */
export function rankOf(scores: Float32Array, target: number, excluded: ReadonlySet<number>): number {
  const own = scores[target]!;
  const isAhead = (item: number) =>
    Number.isNaN(own)
      ? !Number.isNaN(scores[item]) || item < target
      : scores[item]! > own || (scores[item] === own && item < target);
  let rank = 0;
  for (let item = 1; item < scores.length; item++) if (isAhead(item)) rank++;
  for (const item of excluded) if (item > 0 && item < scores.length && isAhead(item)) rank--;
  return rank;
}
