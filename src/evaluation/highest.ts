const none: ReadonlySet<number> = new Set();

/**
 * The items of highest score, the lower id first among equal ones. Sorts the scores natively to find the last that counts, so
 * that few of a large catalogue are compared one by one.
 * @param scores by item; item 0, the padding, and items whose score is not a number are never among them
 */
export function highestScores(scores: Float32Array, count: number, excluded: ReadonlySet<number> = none): number[] {
  const isRanked = (item: number) => item > 0 && !Number.isNaN(scores[item]) && !excluded.has(item);
  const ascending = scores.filter((_, item) => isRanked(item)).sort();
  const least = ascending[Math.max(0, ascending.length - count)];
  if (least === undefined) return [];
  const items: number[] = [];
  for (let item = 1; item < scores.length; item++) if (scores[item]! >= least && isRanked(item)) items.push(item);
  return items.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, count);
}
