import { expect, test } from "vitest";
import { squash } from "../../src/ops/squash.ts";
import { squash as reference } from "../../src/reference/squash.ts";
import { describeOp, normals, numbers, type OpCase } from "../support/op.ts";

test("a capsule of length 1 is halved and keeps its direction", () => {
  const [x, y] = reference(Float64Array.of(0.6, 0.8), 2);
  expect(x).toBeCloseTo(0.3, 8);
  expect(y).toBeCloseTo(0.4, 8);
});

const powered =
  (power: number): OpCase["apply"] =>
  ({ z }) =>
    squash(z!, { power });

test("a capsule of length 1 to the power of 2 keeps a quarter, to that of 0 its length", () => {
  expect(reference(Float64Array.of(0.6, 0.8), 2, 2)[0]).toBeCloseTo(0.15, 12);
  expect(reference(Float64Array.of(0.6, 0.8), 2, 0)[1]).toBeCloseTo(0.8, 12);
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
  ...[0, 0.5, 2].flatMap((power) => [
    { name: `4 capsules of 8, power ${power}`, feeds: { z: normals([4, 8]) }, apply: powered(power) },
    { name: `huge capsules, power ${power}`, feeds: { z: normals([3, 5], 2, 1e6) }, apply: powered(power) },
    // L2 normalisation has no derivative at 0, where it gives 0 and none flows.
    {
      name: `a zero capsule, power ${power}`,
      feeds: { z: numbers([1, 4], [0, 0, 0, 0]) },
      apply: powered(power),
      derivative: false,
    },
  ]),
  {
    name: "more rows than one grid dimension",
    feeds: { z: normals([4_194_305, 1]) },
    apply: ({ z }) => squash(z!),
    differentiate: [],
  },
]);
