import type { Hit } from "../../src/retrieval/item-index.ts";
import type { RetrievalInputs, RetrievalPeer } from "./retrieval-peer.ts";

/**
 * What one would write without an engine: typed arrays in double precision, which V8 multiplies without converting, each item's vector
 * read once for four interests at a time, and a heap of the best so far whose worst stands on top.
 */
export function bruteForce({ table, interests, sizes, top }: RetrievalInputs): RetrievalPeer {
  const { items, dimension, interests: interestCount } = sizes;
  const queries = Float64Array.from(interests);
  const item = new Float64Array(dimension);
  return {
    async search(users) {
      const heaps = Array.from({ length: users }, () => createHeap(top));
      for (let id = 1; id <= items; id++) {
        for (let c = 0; c < dimension; c++) item[c] = table[id * dimension + c]!;
        for (const [user, heap] of heaps.entries()) {
          let score = Number.NEGATIVE_INFINITY;
          let interest = 0;
          const from = user * interestCount * dimension;
          for (let j = 0; j < interestCount; j += 4) {
            const dots = fourDots(queries, from + j * dimension, item, Math.min(4, interestCount - j));
            for (let k = 0; k < 4; k++) {
              if (dots[k]! > score) {
                score = dots[k]!;
                interest = j + k;
              }
            }
          }
          heap.offer(id, score, interest);
        }
      }
      return heaps.map((heap) => heap.sorted());
    },
    dispose() {},
  };
}

const dots = new Float64Array(4);

/** Products of an item with up to four interests, in as many sums that do not wait for each other. */
function fourDots(queries: Float64Array, from: number, item: Float64Array, count: number): Float64Array {
  const width = item.length;
  // Interests past the last repeat it.
  const [p, q, r, s] = [0, 1, 2, 3].map((k) => from + Math.min(k, count - 1) * width) as [
    number,
    number,
    number,
    number,
  ];
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < width; i++) {
    const e = item[i]!;
    a += queries[p + i]! * e;
    b += queries[q + i]! * e;
    c += queries[r + i]! * e;
    d += queries[s + i]! * e;
  }
  dots[0] = a;
  dots[1] = b;
  dots[2] = c;
  dots[3] = d;
  return dots;
}

/** The best of the items that are offered by ascending id, which win over later ones of the same score. */
function createHeap(size: number) {
  const scores = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  const ids = new Int32Array(size);
  const found = new Int32Array(size);
  const isWorse = (one: number, other: number) =>
    scores[one]! < scores[other]! || (scores[one] === scores[other] && ids[one]! > ids[other]!);
  return {
    offer(id: number, score: number, interest: number): void {
      if (!(score > scores[0]!)) return;
      let at = 0;
      for (let child = 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && isWorse(child + 1, child)) child++;
        if (scores[child]! >= score) break;
        scores[at] = scores[child]!;
        ids[at] = ids[child]!;
        found[at] = found[child]!;
        at = child;
      }
      scores[at] = score;
      ids[at] = id;
      found[at] = interest;
    },
    sorted: (): Hit[] =>
      Array.from(ids.keys())
        .filter((at) => ids[at]! > 0)
        .sort((one, other) => (isWorse(one, other) ? 1 : -1))
        .map((at) => ({ item: ids[at]!, score: scores[at]!, interest: found[at]! })),
  };
}
