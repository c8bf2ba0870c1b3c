import { expect, test } from "vitest";
import { checksum, requireClose } from "../../bench/compare.ts";

test.each([
  ["another length", [1, 2], [1], "expected 1 elements, got 2"],
  ["a wrong element", [1, 2.1, 3], [1, 2, 3], "worst at 1: got 2.1, want 2"],
  ["no number", [1, Number.NaN, 3], [1, 2, 3], "worst at 1: got NaN"],
])("nothing is timed after %s", (_, got, want, message) => {
  expect(() => requireClose("kernel", got, want, 1e-4)).toThrow(message);
});

test("errors are relative to the largest wanted magnitude, and at least to 1", () => {
  expect(() => requireClose("kernel", [1000, 0.05], [1000, 0], 1e-4)).not.toThrow();
  expect(() => requireClose("kernel", [0.1, 0.0002], [0.1, 0], 1e-4)).toThrow("worst at 1");
  expect(() => requireClose("kernel", [], [], 0)).not.toThrow();
});

test("the checksum tells places apart", () => {
  expect(checksum([1, 2, 3])).toBe(1 + 4 + 9);
  expect(checksum([3, 2, 1])).not.toBe(checksum([1, 2, 3]));
});
