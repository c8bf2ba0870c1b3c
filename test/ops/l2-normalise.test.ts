import fc from "fast-check";
import { expect, test } from "vitest";
import { l2Normalise } from "../../src/ops/l2-normalise.ts";
import { l2Normalise as reference } from "../../src/reference/l2-normalise.ts";
import { describeOp, normals, numbers } from "../support/op.ts";

test("rows get length 1 and keep their direction; a zero row stays zero", () => {
  expect([...reference(Float64Array.of(3, 4, 0, 0), 2, 1e-12)]).toEqual([0.6, 0.8, 0, 0]);
});

test("any row of a usable length gets length 1", () => {
  const rows = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(rows, (row) => {
      fc.pre(Math.hypot(...row) > 1e-6);
      const length = Math.hypot(...reference(Float64Array.from(row), row.length, 1e-12));
      expect(length).toBeCloseTo(1, 10);
    }),
  );
});

describeOp("l2Normalise", [
  { name: "4 rows of 8", feeds: { x: normals([4, 8]) }, apply: ({ x }) => l2Normalise(x!) },
  { name: "width not a multiple of 4", feeds: { x: normals([2, 3, 5]) }, apply: ({ x }) => l2Normalise(x!) },
  { name: "one number", feeds: { x: numbers([1, 1], [-3]) }, apply: ({ x }) => l2Normalise(x!) },
  { name: "huge rows", feeds: { x: normals([3, 8], 2, 1e6) }, apply: ({ x }) => l2Normalise(x!) },
  // Gradients of 1e3 each; central differences step over a hundredth of the row's length.
  {
    name: "short rows",
    feeds: { x: normals([3, 8], 3, 1e-3) },
    apply: ({ x }) => l2Normalise(x!),
    gradientTolerance: 1e-3,
  },
  {
    name: "rows shorter than epsilon, one of them zero",
    feeds: { x: numbers([2, 4], [0, 0, 0, 0, 0.1, 0, -0.2, 0.1]) },
    apply: ({ x }) => l2Normalise(x!, { epsilon: 0.5 }),
  },
  {
    name: "a zero row with the default epsilon",
    feeds: { x: numbers([1, 4], [0, 0, 0, 0]) },
    apply: ({ x }) => l2Normalise(x!),
    differentiate: [],
  },
  {
    name: "rows of three windows",
    feeds: { x: normals([150, 8], 4) },
    apply: ({ x }) => l2Normalise(x!),
    tableWindowBytes: 64 * 32,
  },
  {
    name: "more rows than one grid dimension",
    feeds: { x: normals([4_194_305, 1]) },
    apply: ({ x }) => l2Normalise(x!),
    differentiate: [],
  },
]);
