import { expect, test } from "vitest";
import { valueCounts } from "../../src/reference/value-counts.ts";

test("counts the values before the padding of each row", () => {
  expect([...valueCounts(Uint32Array.of(5, 6, 0, 1, 2, 3, 0, 0, 0, 7, 0, 0), 3)]).toEqual([2, 3, 0, 1]);
});
