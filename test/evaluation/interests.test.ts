import { describe, expect, test } from "vitest";
import { interestDiversity, interestsInUse, type UserInterests } from "../../src/evaluation/interests.ts";

/** K = 3 rows in the plane per user; rows that are not given are padding that must not be read. */
function users(lists: [number, number][][]): UserInterests {
  const values = new Float32Array(lists.length * 6).fill(Number.NaN);
  lists.forEach((list, user) => {
    values.set(list.flat(), user * 6);
  });
  return { values, counts: Uint32Array.from(lists, (list) => list.length), interests: 3, dimension: 2 };
}

describe("interest diversity", () => {
  // biome-ignore format: a case a line
  const cases: {
    name: string;
    lists: [number, number][][];
    several: number;
    cosine: number | null;
    alike: number | null;
    active: number | null;
  }[] = [
    { name: "nobody", lists: [], several: 0, cosine: null, alike: null, active: null },
    { name: "one interest has no pair", lists: [[[1, 0]]], several: 0, cosine: null, alike: null, active: 1 },
    { name: "at right angles", lists: [[[2, 0], [0, 9]]], several: 1, cosine: 0, alike: 0, active: 2 },
    { name: "collapsed, at any length", lists: [[[1, 1], [5, 5], [0.1, 0.1]]], several: 1, cosine: 1, alike: 1, active: 3 },
    { name: "two of three alike", lists: [[[1, 0], [1, 0], [0, 1]]], several: 1, cosine: 1 / 3, alike: 0, active: 3 },
    { name: "a zero interest is like nothing", lists: [[[0, 0], [1, 0]]], several: 1, cosine: 0, alike: 0, active: 2 },
    { name: "users weigh the same", lists: [[[1, 0], [1, 0]], [[1, 0], [-1, 0]], [], [[1, 0]]], several: 2, cosine: 0, alike: 0.5, active: 1.25 },
  ];
  test.each(cases)("$name", ({ lists, several, cosine, alike, active }) => {
    const got = interestDiversity(users(lists));
    expect(got.users).toBe(several);
    expect(got.alike).toBe(alike);
    expect(got.active).toBe(active);
    if (cosine === null) expect(got.cosine).toBeNull();
    else expect(got.cosine).toBeCloseTo(cosine, 12);
  });

  test("wrong lengths are refused with the shape", () => {
    const wrong = { values: new Float32Array(5), counts: Uint32Array.of(1), interests: 3, dimension: 2 };
    expect(() => interestDiversity(wrong)).toThrow("interests [1, 3, 2] need 6 values, got 5");
    const tooMany = { values: new Float32Array(6), counts: Uint32Array.of(4), interests: 3, dimension: 2 };
    expect(() => interestDiversity(tooMany)).toThrow("user 0 has 4 active interests, but there are only 3 rows");
  });
});

describe("interests in use", () => {
  const empty = 0xffffffff;
  // biome-ignore format: a case a line
  const cases = [
    { name: "one interest found all", winners: [2, 2, 2], perUser: 3, want: 1 },
    { name: "users with 3 and 1", winners: [0, 1, 3, 1, 1, 1], perUser: 3, want: 2 },
    { name: "empty places do not count", winners: [0, 1, empty], perUser: 3, want: 2 },
    { name: "a user without items is left out", winners: [0, 1, empty, empty], perUser: 2, want: 2 },
    { name: "nobody", winners: [], perUser: 2, want: null },
  ];
  test.each(cases)("$name", ({ winners, perUser, want }) => {
    expect(interestsInUse(Uint32Array.from(winners), perUser, 4)).toBe(want);
  });

  test("a length that is no multiple is refused", () => {
    expect(() => interestsInUse(new Uint32Array(5), 2, 4)).toThrow(
      "interestsInUse expects winners [users, 2], got 5 values",
    );
  });
});
