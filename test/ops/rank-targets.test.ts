import { expect, test } from "vitest";
import { rankTargets } from "../../src/ops/rank-targets.ts";
import { noRank, rankTargets as reference } from "../../src/reference/rank-targets.ts";
import { describeOp, integers, normals, numbers, type OpCase } from "../support/op.ts";

const scores = Float64Array.of(9, 3, 5, 5, 1, Number.NaN);

test("ties are broken by id, and neither padding nor NaN comes before a target", () => {
  const targets = Uint32Array.of(1, 2, 3, 4, 5, 0);
  expect([...reference(scores, targets, Uint32Array.of(0), 1)]).toEqual([2, 0, 1, 3, 4, noRank]);
});

test("an excluded item is not counted, once for all its repeats, and is ranked if it is a target", () => {
  const targets = Uint32Array.of(1, 3, 4);
  expect([...reference(scores, targets, Uint32Array.of(3, 0, 3, 3), 1)]).toEqual([1, 1, 2]);
});

const apply: OpCase["apply"] = ({ scores, targets, excluded }) => rankTargets(scores!, targets!, excluded!);

function ranks(name: string, [users, items, t, x]: readonly [number, number, number, number]): OpCase {
  const pick = (step: number) => (_: unknown, i: number) => (i * step) % (items + 1);
  return {
    name,
    feeds: {
      scores: normals([users, items + 1]),
      targets: integers([users, t], Array.from({ length: users * t }, pick(7))),
      excluded: integers([users, x], Array.from({ length: users * x }, pick(13))),
    },
    apply,
    differentiate: [],
    // Ranks are whole numbers.
    tolerance: 0,
  };
}

describeOp("rankTargets", [
  ranks("3 users, 30 items", [3, 30, 2, 4]),
  ranks("one item", [2, 1, 1, 1]),
  ranks("items not a multiple of 4, several targets", [70, 137, 5, 9]),
  ranks("more items than one slice", [5, 1300, 3, 400]),
  ranks("more excluded slots than items", [2, 20, 4, 100]),
  {
    name: "ties, signed zeros and infinities",
    feeds: {
      scores: numbers([1, 9], [7, 0, -0, 1, 1, -3e38, 3e38, -0, 0]),
      targets: integers([1, 9], [0, 1, 2, 3, 4, 5, 6, 7, 8]),
      excluded: integers([1, 5], [3, 0, 3, 6, 4_000_000_000]),
    },
    apply,
    differentiate: [],
    tolerance: 0,
  },
  {
    name: "NaN ranks last",
    feeds: {
      scores: numbers([1, 6], [0, Number.NaN, -5, Number.NEGATIVE_INFINITY, -Number.NaN, 2]),
      targets: integers([1, 5], [1, 2, 3, 4, 5]),
      excluded: integers([1, 1], [5]),
    },
    apply,
    differentiate: [],
    tolerance: 0,
  },
]);
