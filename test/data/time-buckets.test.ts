import { expect, test } from "vitest";
import { timeBucket, timeBucketCount } from "../../src/data/time-buckets.ts";

test("a bucket for what is below one unit, then one for each doubling, and the last for all the rest", () => {
  const ages = [0, 0.5, 1, 2, 2.9, 3, 6, 7, 14, 15];
  expect(ages.map(timeBucket)).toEqual([1, 1, 2, 2, 2, 3, 3, 4, 4, 5]);
  expect([timeBucket(86_400), timeBucket(1e300)]).toEqual([17, timeBucketCount]);
});
