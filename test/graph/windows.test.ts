import fc from "fast-check";
import { expect, test } from "vitest";
import { rowPitch } from "../../src/graph/shape.ts";
import { rowWindows } from "../../src/graph/windows.ts";

test("a table that one binding shows is one window", () => {
  expect(rowWindows({ shape: [500, 64], type: "f32" }, { tableWindowBytes: 500 * 256 })).toEqual([
    { first: 0, count: 500 },
  ]);
});

test("a million items of 64 need two windows of 128 MiB", () => {
  expect(rowWindows({ shape: [1_000_001, 64], type: "f32" }, { tableWindowBytes: 2 ** 27 })).toEqual([
    { first: 0, count: 524_288 },
    { first: 524_288, count: 475_713 },
  ]);
});

test("any table: windows follow each other, keep to their size and start where a binding may", () => {
  const shapes = fc.record({
    rows: fc.integer({ min: 1, max: 5000 }),
    width: fc.integer({ min: 1, max: 70 }),
    type: fc.constantFrom("f32", "u32"),
    groups: fc.integer({ min: 1, max: 9 }),
    slack: fc.nat(200),
  });
  fc.assert(
    fc.property(shapes, ({ rows, width, type, groups, slack }) => {
      const shape = [rows, width];
      const rowBytes = rowPitch(shape, type) * 4;
      const tableWindowBytes = groups * 64 * rowBytes + slack;
      const windows = rowWindows({ shape, type }, { tableWindowBytes });
      let next = 0;
      for (const { first, count } of windows) {
        expect(first).toBe(next);
        expect((first * rowBytes) % 256).toBe(0);
        expect(count * rowBytes).toBeLessThanOrEqual(tableWindowBytes);
        next += count;
      }
      expect(next).toBe(rows);
      // A table that fits is seen whole; else no window but the last could take 64 rows more.
      const steps = Math.ceil(rows / (64 * Math.floor(tableWindowBytes / (64 * rowBytes))));
      expect(windows.length).toBe(rows * rowBytes <= tableWindowBytes ? 1 : steps);
    }),
  );
});
