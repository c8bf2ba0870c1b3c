import { fail } from "../errors.ts";

/** The rank of a target that is not in the ranked catalogue: beyond every N. */
export const unranked = 0xffffffff;

/** Means over the users that have a target; each in [0, 1]. */
export interface RankingMetrics {
  /** N: how many items of the ranking count. */
  at: number;
  /** Share of users with a target in the top N. */
  hitRate: number;
  /** Mean share of a user's targets in the top N. */
  recall: number;
  /** Mean of DCG / ideal DCG, DCG = sum over targets with rank < N of 1 / log2(rank + 2), ideal over min(N, targets) hits. */
  ndcg: number;
  /** Mean of 1 / (rank + 1) of the best target, 0 where that rank is not below N. */
  mrr: number;
}

/**
 * HitRate, Recall, NDCG and MRR at each N of `at`, from the 0-based ranks of the users' targets.
 *
 * `offsets` [users + 1]: the ranks of user u are `ranks[offsets[u] .. offsets[u + 1])`, in any order. Two equal ranks of one user
 * are one item held out twice and count once. Users without a target are left out of every mean ({@link usersWithoutTargets}
 * counts them); with no user left every metric is 0.
 */
export function rankingMetrics(ranks: Uint32Array, offsets: Uint32Array, at: readonly number[]): RankingMetrics[] {
  for (const n of at) {
    if (!Number.isInteger(n) || n < 1) fail(`metrics at N need whole numbers N >= 1, got ${n}`);
  }
  const sums = at.map((n) => ({ at: n, hitRate: 0, recall: 0, ndcg: 0, mrr: 0 }));
  let users = 0;
  for (let user = 0; user + 1 < offsets.length; user++) {
    const own = distinctAscending(ranks.slice(offsets[user]!, offsets[user + 1]!));
    if (own.length === 0) continue;
    users++;
    for (const sum of sums) addUser(sum, own);
  }
  for (const sum of sums) {
    sum.hitRate /= users || 1;
    sum.recall /= users || 1;
    sum.ndcg /= users || 1;
    sum.mrr /= users || 1;
  }
  return sums;
}

/** How many users have no target, and so no part in the metrics. */
export function usersWithoutTargets(offsets: Uint32Array): number {
  let count = 0;
  for (let user = 0; user + 1 < offsets.length; user++) if (offsets[user] === offsets[user + 1]) count++;
  return count;
}

/** Sorts `ranks` in place and drops repetitions, but not of `unranked`, which many items share. */
function distinctAscending(ranks: Uint32Array): Uint32Array {
  ranks.sort();
  let kept = 0;
  for (const rank of ranks) {
    if (kept === 0 || rank !== ranks[kept - 1] || rank === unranked) ranks[kept++] = rank;
  }
  return ranks.subarray(0, kept);
}

/** Adds one user's metrics, from distinct ascending ranks. */
function addUser(sum: RankingMetrics, ranks: Uint32Array): void {
  let hits = 0;
  let gain = 0;
  for (; hits < ranks.length && ranks[hits]! < sum.at; hits++) gain += 1 / Math.log2(ranks[hits]! + 2);
  if (hits === 0) return;
  let ideal = 0;
  for (let rank = 0; rank < Math.min(sum.at, ranks.length); rank++) ideal += 1 / Math.log2(rank + 2);
  sum.hitRate += 1;
  sum.recall += hits / ranks.length;
  sum.ndcg += gain / ideal;
  sum.mrr += 1 / (ranks[0]! + 1);
}
