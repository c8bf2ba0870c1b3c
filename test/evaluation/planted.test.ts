import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { recoveredInterests, topicCentroids } from "../../src/evaluation/planted.ts";

describe("topic centroids", () => {
  test("are unit means of unit embeddings; padding and items of no topic are left out", () => {
    const embeddings = Float32Array.of(8, -8, 100, 0, 0, 1, 0, -3, 7, 7);
    const centroids = topicCentroids(embeddings, Uint32Array.of(0, 0, 0, 1, 9), 3);
    const half = Math.fround(Math.SQRT1_2);
    expect([...centroids]).toEqual([half, half, 0, -1, 0, 0]);
  });
});

describe("recovered interests", () => {
  // Three topics on the axes; every embedding shares a direction with all of them, as trained ones do.
  const centroids = Float32Array.of(2, 1, 1, 1, 2, 1, 1, 1, 2);
  const planted = { offsets: Uint32Array.of(0, 2), items: Uint32Array.of(0, 1) };
  const recover = (rows: number[][], minimumCosine?: number) =>
    recoveredInterests(
      {
        values: Float32Array.from([...rows, [9, 9, 9], [9, 9, 9]].slice(0, 2).flat()),
        counts: Uint32Array.of(rows.length),
        interests: 2,
        dimension: 3,
      },
      centroids,
      planted,
      minimumCosine,
    ).share;

  // biome-ignore format: a case a line
  const cases = [
    { name: "both, in any order and length", rows: [[1, 9, 1], [0.3, 0.1, 0]], want: 1 },
    { name: "two interests on one topic find one", rows: [[3, 1, 1], [2, 1, 1]], want: 0.5 },
    { name: "a single interest finds at most one", rows: [[3, 2.9, 0]], want: 0.5 },
    { name: "an interest nearest to a topic that is not the user's finds none", rows: [[1, 1, 1.1], [0, 0, 1]], want: 0 },
    { name: "zero interests find none", rows: [[0, 0, 0], [0, 0, 0]], want: 0 },
    { name: "no interests at all", rows: [], want: 0 },
  ];
  test.each(cases)("$name", ({ rows, want }) => {
    expect(recover(rows)).toBe(want);
  });

  test("an interest that is only weakly like its nearest topic can be refused", () => {
    expect(recover([[-1, -1, -0.9]])).toBe(0);
    expect(recover([[3, 0, -2]])).toBe(0.5);
    expect(recover([[3, 0, -2]], 0.5)).toBe(0);
  });

  test("users without a planted topic are left out; nobody gives null", () => {
    const interests = {
      values: Float32Array.of(1, 0, 0, 0, 1, 0),
      counts: Uint32Array.of(1, 1),
      interests: 1,
      dimension: 3,
    };
    const second = { offsets: Uint32Array.of(0, 0, 1), items: Uint32Array.of(1) };
    expect(recoveredInterests(interests, centroids, second)).toEqual({
      share: 1,
      cosine: expect.closeTo(2 / Math.sqrt(6), 12),
      users: 1,
    });
    const none = { offsets: Uint32Array.of(0, 0, 0), items: new Uint32Array() };
    expect(recoveredInterests(interests, centroids, none)).toEqual({ share: null, cosine: null, users: 0 });
  });

  test("share and cosine are those of the best one-to-one assignments", () => {
    const axes = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    const rows = fc.array(
      fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(rows, fc.uniqueArray(fc.nat({ max: 2 }), { minLength: 1 }), (own, topics) => {
        const values = new Float32Array(12);
        values.set(own.flat());
        const offsets = Uint32Array.of(0, topics.length);
        const { share, cosine } = recoveredInterests(
          { values, counts: Uint32Array.of(own.length), interests: 4, dimension: 3 },
          axes,
          { offsets, items: Uint32Array.from(topics) },
        );
        const finds = own.map((row) => (Math.max(...row) > 0 ? row.indexOf(Math.max(...row)) : -1));
        const isFound = (topic: number, index: number) => Number(finds[index] === topic);
        expect(share).toBeCloseTo(bestAssignment(topics, own, isFound) / topics.length, 12);
        const cosineOf = (topic: number, index: number) => own[index]![topic]! / (Math.hypot(...own[index]!) || 1);
        expect(cosine).toBeCloseTo(bestAssignment(topics, own, cosineOf) / topics.length, 12);
      }),
    );
  });
});

/** The largest sum of worths of topics and their own interests, by trying every assignment. */
function bestAssignment(
  topics: readonly number[],
  interests: readonly unknown[],
  worth: (topic: number, interest: number) => number,
  taken: readonly number[] = [],
): number {
  const [topic, ...others] = topics;
  if (topic === undefined) return 0;
  const assigned = interests.map((_, index) =>
    taken.includes(index) ? 0 : worth(topic, index) + bestAssignment(others, interests, worth, [...taken, index]),
  );
  return Math.max(bestAssignment(others, interests, worth, taken), ...assigned);
}
