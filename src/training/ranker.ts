import { listsOf, placesAt } from "../data/sequences.ts";
import type { EvaluationUsers } from "../data/split.ts";

/** Ranks the whole catalogue for the users that it was made for, some at a time. */
export interface Ranker {
  /** Most users at a time. */
  readonly batch: number;
  /** Most interests of a user; 0 for models that make no vectors. */
  readonly interests: number;
  /** Width of an interest. */
  readonly dimension: number;
  /**
   * @param from the first of the users
   * @param seen the items that are left out of each user's ranking; they are as many as users are ranked
   */
  rank(from: number, seen: readonly ReadonlySet<number>[]): Promise<RankedUsers>;
  dispose(): void;
}

/** Some users, ranked; valid until the next are. */
export interface RankedUsers {
  /** 0-based ranks of their targets, in the order of the targets, by score descending, id ascending; NaN ranks last. */
  readonly ranks: Uint32Array;
  /** `[users, interests, dimension]` */
  readonly interests: Float32Array;
  /** `[users]` active interests. */
  readonly interestCounts: Uint32Array;
  /**
   * The items of highest score of each user, at most `count`, ties by the lower id.
   * @param hidden the items that are left out for each user
   */
  best(count: number, hidden: readonly ReadonlySet<number>[]): Promise<readonly BestItems[]>;
}

/** A user's best items, best first. */
export interface BestItems {
  readonly items: number[];
  readonly scores: number[];
  /** The interest that found each item, from 0; a number beyond all of them where there is no interest. */
  readonly interests: number[];
}

/** Every n-th user, so that at most `most` remain. */
export function sampleUsers(evaluated: EvaluationUsers, most = Number.POSITIVE_INFINITY): EvaluationUsers {
  const count = evaluated.users.length;
  if (count <= most) return evaluated;
  return pickUsers(
    evaluated,
    Array.from({ length: most }, (_, i) => Math.floor((i * count) / most)),
  );
}

/** Some of the users, by their places among them. */
export function pickUsers(evaluated: EvaluationUsers, kept: readonly number[]): EvaluationUsers {
  const pick = (lists: EvaluationUsers["history"]) =>
    listsOf(
      lists,
      kept.map((index) => placesAt(lists, index)),
    );
  return {
    users: Uint32Array.from(kept, (index) => evaluated.users[index]!),
    history: pick(evaluated.history),
    targets: pick(evaluated.targets),
  };
}
