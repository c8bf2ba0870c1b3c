import { expect, test } from "vitest";
import { type InterestRule, interestCounts } from "../../src/reference/interest-counts.ts";

const lengths = Uint32Array.of(0, 1, 2, 3, 4, 7, 8, 15, 16, 50);
const expected: Record<InterestRule, number[]> = {
  log2: [0, 1, 1, 1, 2, 2, 3, 3, 4, 4],
  "log2-plus-one": [0, 1, 1, 2, 2, 3, 3, 4, 4, 4],
  "log2-up": [0, 1, 1, 2, 2, 3, 3, 4, 4, 4],
  ln: [0, 1, 1, 1, 1, 1, 2, 2, 2, 3],
  fixed: [0, 4, 4, 4, 4, 4, 4, 4, 4, 4],
};

for (const [rule, counts] of Object.entries(expected)) {
  test(`rule ${rule} gives the published number of at most 4 interests`, () => {
    expect([...interestCounts(lengths, 4, rule as InterestRule)]).toEqual(counts);
  });
}
