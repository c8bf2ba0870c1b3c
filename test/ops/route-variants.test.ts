import { expect, test } from "vitest";
import { createEngine } from "../../src/engine.ts";
import { Graph } from "../../src/graph/graph.ts";
import { initialCapsules } from "../../src/ops/initial-capsules.ts";
import { type RouteOptions, route } from "../../src/ops/route.ts";
import { describeOp, normals, type OpCase } from "../support/op.ts";
import { caseOf, feedsOf, gatheredCase, type Size, sizes } from "../support/route-cases.ts";

const overwrittenCosine = { similarity: "cosine", update: "overwrite" } as const;
const clustering = { ...overwrittenCosine, activation: "l2", assignment: "hard" } as const;
const activations: [string, RouteOptions][] = [
  ["l2", { activation: "l2" }],
  ["squash to the power of 2", { squashPower: 2 }],
];

/** Every behaviour is the first one, so that all interests are alike but for their initial logits. */
function equalRows(options: RouteOptions, name: string): OpCase {
  const one = caseOf(sizes[0]!, options, name);
  const { data, shape } = one.feeds["behaviours"]!;
  const behaviours = { shape, data: Float32Array.from(data, (_, i) => data[i % sizes[0]!.d]!) };
  return { ...one, name, feeds: { ...one.feeds, behaviours }, derivative: false };
}

/** Some behaviours, and all of the second user, are zero rows. */
function zeroRows(options: RouteOptions, name: string): OpCase {
  const { d, length } = sizes[0]!;
  const one = caseOf(sizes[0]!, options, name);
  const { data, shape } = one.feeds["behaviours"]!;
  const isZero = (row: number) => row % 3 === 1 || Math.floor(row / length) === 1;
  const behaviours = { shape, data: Float32Array.from(data, (value, i) => (isZero(Math.floor(i / d)) ? 0 : value)) };
  return { ...one, name, feeds: { ...one.feeds, behaviours }, derivative: false };
}

/** Routing without S, or from capsules, or both. */
function startedCase(size: Size, options: RouteOptions, label: string, identity = false): OpCase {
  const { logits: _, transform, ...feeds } = feedsOf(size);
  const start = normals([size.lengths.length, size.interests, size.d], 8);
  return {
    name: `${size.name}, ${label}`,
    feeds: { ...feeds, start, ...(!identity && { transform }) },
    apply: ({ behaviours, transform, lengths, counts, start }) =>
      route(behaviours!, transform ?? null, lengths!, counts!, start!, options),
    differentiate: identity ? ["behaviours"] : ["behaviours", "transform"],
    derivative: false,
  };
}

const withoutTransform = (size: Size, options: RouteOptions, label: string): OpCase => {
  const { transform: _, ...feeds } = feedsOf(size);
  return {
    name: `${size.name}, ${label}`,
    feeds,
    apply: ({ behaviours, lengths, counts, logits }) => route(behaviours!, null, lengths!, counts!, logits!, options),
    differentiate: ["behaviours"],
  };
};

/** From the behaviours' own capsules to interests, as the short-video variant does. */
const chosenCase = (size: Size, method: "max-min" | "markov"): OpCase => {
  const { transform: _, logits: __, ...feeds } = feedsOf(size);
  return {
    name: `${size.name}, ${method} capsules`,
    feeds,
    apply: ({ behaviours, lengths, counts }) => {
      const options = { interests: size.interests, method, threshold: 0.2 };
      const { capsules, interestCounts } = initialCapsules(behaviours!, lengths!, counts!, options);
      return route(behaviours!, null, lengths!, interestCounts, capsules, clustering);
    },
    differentiate: ["behaviours"],
    derivative: false,
  };
};

const at = (...places: number[]) => places.map((place) => sizes[place]!);

describeOp("route, variants", [
  ...at(0, 1, 5, 6, 8).map((size) => ({ ...caseOf(size, { similarity: "cosine" }, "cosine"), derivative: false })),
  ...at(0, 1, 4, 7).map((size) => gatheredCase(size, { similarity: "cosine" }, "gathered, cosine")),
  { ...caseOf(sizes[0]!, overwrittenCosine, "overwritten cosine"), derivative: false },
  {
    ...caseOf(sizes[0]!, { ...overwrittenCosine, competition: "behaviours" }, "cosine of behaviours"),
    derivative: false,
  },
  caseOf(sizes[0]!, { gradient: "all", similarity: "cosine" }, "gradient through all cosines"),
  caseOf(
    sizes[5]!,
    { gradient: "all", ...overwrittenCosine, iterations: 4 },
    "gradient through all overwritten cosines",
  ),
  caseOf(sizes[8]!, { gradient: "all", similarity: "cosine", competition: "behaviours" }, "cosine of behaviours"),
  gatheredCase(sizes[0]!, { gradient: "all", similarity: "cosine" }, "gathered, gradient through all cosines"),
  ...activations.flatMap(([label, options]) => [
    { ...caseOf(sizes[1]!, options, label), derivative: false },
    { ...caseOf(sizes[6]!, options, label), derivative: false },
    caseOf(sizes[0]!, { ...options, iterations: 1 }, `${label}, one iteration`),
    caseOf(sizes[0]!, { ...options, gradient: "all" }, `${label}, gradient through all iterations`),
    caseOf(sizes[1]!, { ...options, gradient: "all", ...overwrittenCosine }, `${label}, overwritten cosines`),
  ]),
  ...at(0, 1, 4, 6).map((size) => ({ ...caseOf(size, { assignment: "hard" }, "hard assignment"), derivative: false })),
  { ...caseOf(sizes[0]!, { assignment: "hard", competition: "behaviours" }, "hard, of behaviours"), derivative: false },
  ...at(0, 4).map((size) => ({ ...caseOf(size, clustering, "spherical clustering"), derivative: false })),
  equalRows({ similarity: "cosine" }, "all behaviours equal, cosine"),
  equalRows({ assignment: "hard" }, "all behaviours equal, hard"),
  zeroRows({ similarity: "cosine" }, "behaviours without a direction, cosine"),
  zeroRows({ similarity: "cosine", gradient: "all" }, "behaviours without a direction, gradient through all cosines"),
  zeroRows(clustering, "behaviours without a direction, spherical clustering"),
  ...at(0, 1, 5, 6).map((size) => startedCase(size, {}, "from capsules")),
  startedCase(sizes[0]!, { similarity: "cosine" }, "from capsules, cosine"),
  ...at(2, 4, 6).map((size) => startedCase(size, clustering, "from capsules, clustering", true)),
  startedCase(sizes[8]!, { competition: "behaviours" }, "from capsules, competition of behaviours", true),
  ...at(0, 5, 6).map((size) => withoutTransform(size, { iterations: 1 }, "no transform, one iteration")),
  ...at(0, 4).map((size) =>
    withoutTransform(size, { gradient: "all", similarity: "cosine" }, "no transform, all cosines"),
  ),
  ...at(0, 1, 2, 4, 6).flatMap((size) => [chosenCase(size, "max-min"), chosenCase(size, "markov")]),
]);

test.each([
  [{ iterations: 0 }, "route: expected iterations of at least 1, got 0"],
  [{ similarityScale: 0 }, "route: expected a similarityScale above 0, got 0"],
  [{ squashPower: 0 }, 'route: expected a squashPower above 0, got 0; for plain normalisation use activation "l2"'],
  [
    { gradient: "all", assignment: "hard" },
    'route: expected soft assignment for gradient "all", got hard, through which none flows; use gradient "last"',
  ],
] as const)("%j is refused in one line", (options, message) => {
  const graph = new Graph();
  const input = (name: string, shape: number[], type: "f32" | "u32" = "f32") => graph.input(name, type, shape);
  const routed = () =>
    route(
      input("e", [1, 3, 4]),
      input("S", [4, 4]),
      input("n", [1], "u32"),
      input("k", [1], "u32"),
      input("b", [3, 2]),
      options,
    );
  expect(routed).toThrow(message);
});

test("with hard assignment the first of equal logits wins", async () => {
  const engine = await createEngine();
  const graph = new Graph();
  const counts = graph.constant("counts", [1], Uint32Array.of(3));
  const rows = graph.input("rows", "f32", [1, 3, 4]);
  const identity = Float32Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0));
  const logits = graph.constant("logits", [3, 3], Float32Array.of(1, 1, 0, 0, 2, 2, 3, 3, 3));
  const options = { iterations: 1, assignment: "hard", activation: "l2" } as const;
  const u = route(rows, graph.constant("S", [4, 4], identity), counts, counts, logits, options);
  const program = await engine.compile({ outputs: { u } });
  await program.run({ rows: Float32Array.of(3, 0, 0, 0, 0, 2, 0, 0, 0, 0, 4, 0) });
  const wanted = [0.6, 0, 0.8, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  for (const [i, value] of (await program.read("u")).entries()) expect(value).toBeCloseTo(wanted[i]!, 6);
  engine.dispose();
});
