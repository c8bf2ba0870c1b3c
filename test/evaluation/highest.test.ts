import fc from "fast-check";
import { expect, test } from "vitest";
import { highestScores } from "../../src/evaluation/highest.ts";

test("ties go to the lower id, and neither padding, NaN nor excluded items are among the highest", () => {
  const scores = Float32Array.of(9, 3, 5, Number.NaN, 5, 1, 5, 8);
  expect(highestScores(scores, 3, new Set([7]))).toEqual([2, 4, 6]);
  expect(highestScores(scores, 2, new Set([7]))).toEqual([2, 4]);
  expect(highestScores(scores, 100, new Set([7]))).toEqual([2, 4, 6, 1, 5]);
  expect(highestScores(scores, 0)).toEqual([]);
});

test("nothing is left of a catalogue that is excluded whole", () => {
  expect(highestScores(Float32Array.of(0, 1, 2), 5, new Set([1, 2]))).toEqual([]);
  expect(highestScores(Float32Array.of(0), 5)).toEqual([]);
});

test("any scores: the first of all items sorted", () => {
  const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-0, Number.NEGATIVE_INFINITY, 3e38));
  fc.assert(
    fc.property(
      fc.array(score, { minLength: 1, maxLength: 60 }),
      fc.nat(70),
      fc.array(fc.nat(60)),
      (list, count, out) => {
        const scores = Float32Array.from(list);
        const excluded = new Set(out);
        const sorted = [...scores.keys()]
          .filter((item) => item > 0 && !excluded.has(item))
          .sort((a, b) => (scores[b]! > scores[a]! ? 1 : scores[b]! < scores[a]! ? -1 : a - b));
        expect(highestScores(scores, count, excluded)).toEqual(sorted.slice(0, count));
      },
    ),
  );
});
