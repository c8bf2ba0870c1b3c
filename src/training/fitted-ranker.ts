import { itemsAt } from "../data/sequences.ts";
import type { EvaluationUsers } from "../data/split.ts";
import { highestScores } from "../evaluation/highest.ts";
import { rankOf } from "../evaluation/ranks.ts";
import type { Arrays } from "../models/arrays.ts";
import { type FittedSpec, fittedModel } from "../models/registry.ts";
import type { Ranker } from "./ranker.ts";

/** So many users at a time: others get their turn in between. */
const batch = 64;

/** Ranks on the CPU, by the scores that a fitted model gives to histories. */
export function createFittedRanker(
  spec: FittedSpec,
  arrays: Arrays,
  itemCount: number,
  users: EvaluationUsers,
): Ranker {
  const scorer = fittedModel(spec).scorer(arrays, itemCount);
  const columns = itemCount + 1;
  const scores = new Float32Array(batch * columns);
  return {
    batch,
    interests: 0,
    dimension: 0,
    async rank(from, seen) {
      await new Promise((resolve) => setTimeout(resolve));
      const { offsets } = users.targets;
      const ranks = new Uint32Array(offsets[from + seen.length]! - offsets[from]!);
      let place = 0;
      for (const [row, excluded] of seen.entries()) {
        const own = scores.subarray(row * columns, (row + 1) * columns);
        scorer.score(itemsAt(users.history, from + row), own);
        for (const target of itemsAt(users.targets, from + row)) ranks[place++] = rankOf(own, target, excluded);
      }
      const interestCounts = new Uint32Array(seen.length);
      const best = async (count: number, hidden: readonly ReadonlySet<number>[]) =>
        hidden.map((left, row) => {
          const own = scores.subarray(row * columns, (row + 1) * columns);
          const items = highestScores(own, count, left);
          return { items, scores: items.map((item) => own[item]!), interests: items.map(() => 0) };
        });
      return { ranks, interests: new Float32Array(), interestCounts, best };
    },
    dispose() {},
  };
}
