import { expect, test } from "vitest";
import { recency } from "../../src/reference/recency.ts";

test("places are counted from the newest behaviour, and padding has none", () => {
  expect([...recency(Uint32Array.of(0, 1, 3, 4), 4)]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 3, 2, 1, 0, 4, 3, 2, 1]);
});
