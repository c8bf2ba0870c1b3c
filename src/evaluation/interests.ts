import { fail } from "../errors.ts";

/** The interests of some users. Only the first `counts[u]` rows of user u are active; the others are ignored. */
export interface UserInterests {
  /** [users, interests, dimension] */
  values: Float32Array;
  /** [users], each 0 to `interests` */
  counts: Uint32Array;
  /** K, the rows per user. */
  interests: number;
  dimension: number;
}

/** How different a model's interests are. A mean over nobody is null. */
export interface InterestDiversity {
  /** Users with at least two active interests: those that `cosine` and `alike` speak of. */
  users: number;
  /** Mean over these users of the mean cosine of two of a user's interests. */
  cosine: number | null;
  /** Share of these users whose interests are all alike: every pair above the limit. */
  alike: number | null;
  /** Mean number of active interests, over all users. */
  active: number | null;
}

/** Cosines among each user's active interests; `alikeAbove` is the cosine above which two interests are the same. */
export function interestDiversity(users: UserInterests, alikeAbove = 0.99): InterestDiversity {
  checkInterests(users);
  let several = 0;
  let cosines = 0;
  let alike = 0;
  let active = 0;
  users.counts.forEach((count, user) => {
    active += count;
    if (count < 2) return;
    several++;
    const rows = unitInterests(users, user);
    let sum = 0;
    let lowest = 1;
    for (let a = 1; a < count; a++) {
      for (let b = 0; b < a; b++) {
        const cosine = dot(rows[a]!, rows[b]!);
        sum += cosine;
        lowest = Math.min(lowest, cosine);
      }
    }
    cosines += sum / ((count * (count - 1)) / 2);
    if (lowest > alikeAbove) alike++;
  });
  return {
    users: several,
    cosine: mean(cosines, several),
    alike: mean(alike, several),
    active: mean(active, users.counts.length),
  };
}

/**
 * Interests in use: the mean number of different interests that found a user's top items.
 *
 * `winners` [users, perUser]: which interest found the item of each place; a value of `interests` or more is an empty place.
 * Users with empty lists are left out; null where nobody is left.
 */
export function interestsInUse(winners: Uint32Array, perUser: number, interests: number): number | null {
  if (!Number.isInteger(perUser) || perUser < 1 || winners.length % perUser !== 0) {
    fail(`interestsInUse expects winners [users, ${perUser}], got ${winners.length} values`);
  }
  let users = 0;
  let used = 0;
  for (let start = 0; start < winners.length; start += perUser) {
    const distinct = new Set(winners.subarray(start, start + perUser).filter((winner) => winner < interests)).size;
    used += distinct;
    if (distinct > 0) users++;
  }
  return mean(used, users);
}

/** Throws unless the arrays have the lengths that their shapes say. */
export function checkInterests({ values, counts, interests, dimension }: UserInterests): void {
  const expected = counts.length * interests * dimension;
  if (values.length !== expected) {
    const shape = `[${counts.length}, ${interests}, ${dimension}]`;
    fail(`interests ${shape} need ${expected} values, got ${values.length}`);
  }
  counts.forEach((count, user) => {
    if (count > interests) fail(`user ${user} has ${count} active interests, but there are only ${interests} rows`);
  });
}

/** The active interests of one user, each of length 1 (a zero interest stays zero, at cosine 0 to all). */
export function unitInterests({ values, counts, interests, dimension }: UserInterests, user: number): Float64Array[] {
  return Array.from({ length: counts[user]! }, (_, interest) => {
    const start = (user * interests + interest) * dimension;
    return unit(Float64Array.from(values.subarray(start, start + dimension)));
  });
}

/** `vector` scaled to length 1; a zero vector stays zero. */
export function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function mean(sum: number, count: number): number | null {
  return count === 0 ? null : sum / count;
}
