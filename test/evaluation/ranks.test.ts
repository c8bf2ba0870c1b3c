import fc from "fast-check";
import { expect, test } from "vitest";
import { rankOf } from "../../src/evaluation/ranks.ts";
import { rankTargets } from "../../src/reference/rank-targets.ts";

test("a rank is that of the definition, whatever the scores and whatever is left out", () => {
  const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-0, Number.NaN, Number.NEGATIVE_INFINITY));
  const scores = fc.array(score, { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(scores, fc.nat(), fc.array(fc.integer({ min: 1, max: 19 }), { minLength: 1 }), (list, any, out) => {
      const target = 1 + (any % (list.length - 1));
      const excluded = out.filter((item) => item < list.length);
      const [want] = rankTargets(
        Float64Array.from(list),
        Uint32Array.of(target),
        excluded.length > 0 ? Uint32Array.from(excluded) : Uint32Array.of(0),
        1,
      );
      expect(rankOf(Float32Array.from(list), target, new Set(excluded))).toBe(want);
    }),
  );
});
