import { expect, test } from "vitest";
import { squash } from "../../src/ops/squash.ts";
import { squash as reference } from "../../src/reference/squash.ts";
import { describeOp, normals, numbers } from "../support/op.ts";

test("a capsule of length 1 is halved and keeps its direction", () => {
  const [x, y] = reference(Float64Array.of(0.6, 0.8), 2);
  expect(x).toBeCloseTo(0.3, 8);
  expect(y).toBeCloseTo(0.4, 8);
});

describeOp("squash", [
  { name: "4 capsules of 8", feeds: { z: normals([4, 8]) }, apply: ({ z }) => squash(z!) },
  { name: "width not a multiple of 4", feeds: { z: normals([2, 3, 5]) }, apply: ({ z }) => squash(z!) },
  { name: "huge capsules", feeds: { z: normals([3, 8], 2, 1e6) }, apply: ({ z }) => squash(z!) },
  // Central differences straddle the kink that eps rounds off at 1e-6, so tiny capsules are checked kernel against reference.
  {
    name: "tiny capsules",
    feeds: { z: normals([3, 8], 3, 1e-3) },
    apply: ({ z }) => squash(z!),
    gradientTolerance: 1e-4,
  },
  {
    name: "a zero capsule",
    feeds: { z: numbers([1, 4], [0, 0, 0, 0]) },
    apply: ({ z }) => squash(z!),
    gradientTolerance: 1e-4,
  },
  {
    name: "more rows than one grid dimension",
    feeds: { z: normals([4_194_305, 1]) },
    apply: ({ z }) => squash(z!),
    differentiate: [],
  },
]);
