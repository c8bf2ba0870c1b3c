const none: ReadonlySet<number> = new Set();

/**
 * The items of highest score, the lower id first among equal ones. A heap holds the best found so far with the worst of them on
 * top, so that all but few of the catalogue's items are looked at once and compared with that one.
 * @param scores by item; item 0, the padding, and items whose score is not a number are never among them
 */
export function highestScores(scores: Float32Array, count: number, excluded: ReadonlySet<number> = none): number[] {
  const heap: number[] = [];
  if (count < 1) return heap;
  const isWorse = (a: number, b: number) => scores[a]! < scores[b]! || (scores[a] === scores[b] && a > b);
  let item = 1;
  for (; item < scores.length && heap.length < count; item++) {
    if (!Number.isNaN(scores[item]) && !excluded.has(item)) rise(heap, item, isWorse);
  }
  let least = heap.length === count ? scores[heap[0]!]! : Number.POSITIVE_INFINITY;
  for (; item < scores.length; item++) {
    // A later item of equal score stays behind; NaN is above nothing.
    if (!(scores[item]! > least) || excluded.has(item)) continue;
    sink(heap, item, isWorse);
    least = scores[heap[0]!]!;
  }
  return heap.sort((a, b) => (isWorse(a, b) ? 1 : -1));
}

type Compare = (a: number, b: number) => boolean;

/** Adds an item to the heap. */
function rise(heap: number[], item: number, isWorse: Compare): void {
  let at = heap.push(item) - 1;
  for (let parent = (at - 1) >> 1; at > 0 && isWorse(item, heap[parent]!); parent = (at - 1) >> 1) {
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = item;
}

/** Puts an item in the place of the worst one. */
function sink(heap: number[], item: number, isWorse: Compare): void {
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const child = left + 1 < heap.length && isWorse(heap[left + 1]!, heap[left]!) ? left + 1 : left;
    if (!isWorse(heap[child]!, item)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = item;
}
