import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { rankTargets } from "../../src/ops/rank-targets.ts";
import { noRank, rankTargets as reference } from "../../src/reference/rank-targets.ts";
import { describeOp, type Feed, integers, normals, numbers, type OpCase } from "../support/op.ts";

const scores = Float64Array.of(9, 3, 5, 5, 1, Number.NaN);

test("ties are broken by id, and neither padding nor NaN comes before a target", () => {
  const targets = Uint32Array.of(1, 2, 3, 4, 5, 0);
  expect([...reference(scores, targets, Uint32Array.of(0), 1)]).toEqual([2, 0, 1, 3, 4, noRank]);
});

test("an excluded item is not counted, once for all its repeats, and is ranked if it is a target", () => {
  const targets = Uint32Array.of(1, 3, 4);
  expect([...reference(scores, targets, Uint32Array.of(3, 0, 3, 3), 1)]).toEqual([1, 1, 2]);
});

test("shapes that do not fit are refused", () => {
  const graph = new Graph();
  const of = (name: string, type: "f32" | "u32", shape: number[]) => graph.input(name, type, shape);
  const [v, counts, e] = [of("v", "f32", [3, 2, 8]), of("counts", "u32", [3]), of("e", "f32", [70, 8])];
  const excluded = of("excluded", "u32", [3, 4]);
  expect(() => rankTargets(v, counts, e, of("targets", "u32", [2, 1]), excluded)).toThrow(
    /^rankTargets: expected .*targets \[B, T\].*targets \[2, 1\], excluded \[3, 4\]$/,
  );
});

const apply: OpCase["apply"] = ({ interests, counts, table, targets, excluded }) =>
  rankTargets(interests!, counts!, table!, targets!, excluded!);

interface Sizes {
  readonly users: number;
  readonly interests: number;
  readonly items: number;
  readonly d: number;
  readonly targets: number;
  readonly excluded: number;
  readonly counts?: readonly number[];
}

/** Whole numbers, so that all products are exact and many scores are the same. */
const whole = (feed: Feed): Feed => ({ ...feed, data: feed.data.map((value) => Math.round(2 * value)) });

function ranks(name: string, { users, interests, items, d, targets: t, excluded: x, counts }: Sizes): OpCase {
  const pick = (step: number) => (_: unknown, i: number) => (i * step) % (items + 1);
  const excluded = Array.from({ length: users }, (_, b) =>
    Array.from({ length: x }, (_, i) => pick(13)(0, b * x + i)).sort((one, other) => one - other),
  );
  return {
    name,
    feeds: {
      interests: whole(normals([users, interests, d], 1)),
      counts: integers([users], counts ?? Array.from({ length: users }, (_, b) => (b % interests) + 1)),
      table: whole(normals([items + 1, d], 2)),
      targets: integers([users, t], Array.from({ length: users * t }, pick(7))),
      excluded: integers([users, x], excluded.flat()),
    },
    apply,
    differentiate: [],
    // Ranks are whole numbers.
    tolerance: 0,
  };
}

/** One interest of one number, so that the table holds the scores. */
function ofScores(
  name: string,
  table: readonly number[],
  targets: readonly number[],
  excluded: readonly number[],
): OpCase {
  return {
    name,
    feeds: {
      interests: numbers([1, 1, 1], [1]),
      counts: integers([1], [1]),
      table: numbers([table.length, 1], table),
      targets: integers([1, targets.length], targets),
      excluded: integers([1, excluded.length], excluded),
    },
    apply,
    differentiate: [],
    tolerance: 0,
  };
}

const windows = ranks("chunks of windows", { users: 5, interests: 3, items: 300, d: 8, targets: 4, excluded: 60 });

describeOp("rankTargets", [
  ranks("3 users, 30 items", { users: 3, interests: 4, items: 30, d: 4, targets: 2, excluded: 4 }),
  ranks("one item", { users: 2, interests: 1, items: 1, d: 4, targets: 1, excluded: 1 }),
  ranks("items not a multiple of 4", { users: 70, interests: 2, items: 137, d: 8, targets: 5, excluded: 9 }),
  ranks("more items than one slice", { users: 5, interests: 2, items: 1300, d: 4, targets: 3, excluded: 400 }),
  ranks("more excluded slots than items", { users: 2, interests: 2, items: 20, d: 4, targets: 4, excluded: 100 }),
  ranks("a user without interests", {
    users: 3,
    interests: 2,
    items: 9,
    d: 4,
    targets: 3,
    excluded: 2,
    counts: [0, 2, 1],
  }),
  ranks("5 interests, more than a kernel takes at once", {
    users: 3,
    interests: 5,
    items: 60,
    d: 8,
    targets: 2,
    excluded: 3,
  }),
  { ...windows, tableWindowBytes: 64 * 32 },
  ranks("several chunks, several of targets", {
    users: 1100,
    interests: 1,
    items: 2100,
    d: 4,
    targets: 2,
    excluded: 30,
  }),
  ofScores(
    "ties and signed zeros",
    [7, 0, -0, 1, 1, -3, 3, -0, 0],
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
    [0, 3, 3, 6, 4_000_000_000],
  ),
  ofScores("NaN ranks last", [0, Number.NaN, -5, -3e38, Number.NaN, 2], [1, 2, 3, 4, 5], [5]),
]);
