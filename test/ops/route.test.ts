import { expect, test } from "vitest";
import { backpropagate } from "../../src/autograd.ts";
import { createEngine } from "../../src/engine.ts";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { gather } from "../../src/ops/gather.ts";
import { type RouteOptions, route, routingWeights } from "../../src/ops/route.ts";
import { randomStream } from "../../src/reference/random.ts";
import { route as reference } from "../../src/reference/route.ts";
import { squash } from "../../src/reference/squash.ts";
import { describeOp, integers, normals, type OpCase } from "../support/op.ts";

interface Size {
  readonly name: string;
  readonly length: number;
  readonly d: number;
  readonly h: number;
  readonly interests: number;
  readonly lengths: readonly number[];
  readonly counts: readonly number[];
}

const sizes: Size[] = [
  { name: "full and short histories", length: 10, d: 8, h: 8, interests: 4, lengths: [10, 3, 7], counts: [4, 1, 2] },
  { name: "a user with no behaviours", length: 5, d: 4, h: 4, interests: 2, lengths: [0, 5], counts: [1, 2] },
  { name: "one behaviour", length: 6, d: 4, h: 4, interests: 3, lengths: [1, 1], counts: [1, 3] },
  { name: "one interest", length: 6, d: 8, h: 8, interests: 1, lengths: [6, 2], counts: [1, 1] },
  { name: "more interests than behaviours", length: 7, d: 4, h: 4, interests: 6, lengths: [3, 7], counts: [6, 5] },
  {
    name: "widths not multiples of 4, and h unlike d",
    length: 9,
    d: 5,
    h: 7,
    interests: 3,
    lengths: [9, 4],
    counts: [3, 2],
  },
  { name: "more than 32 columns", length: 19, d: 40, h: 64, interests: 4, lengths: [19, 16, 8], counts: [4, 3, 1] },
  {
    name: "wide items, narrow interests",
    length: 9,
    d: 61,
    h: 10,
    interests: 2,
    lengths: [9, 1, 0],
    counts: [2, 1, 2],
  },
  {
    name: "a history longer than a workgroup",
    length: 130,
    d: 12,
    h: 12,
    interests: 5,
    lengths: [130, 77],
    counts: [5, 4],
  },
];

const feedsOf = ({ length, d, h, interests, lengths, counts }: Size, scale = 1) => ({
  behaviours: normals([lengths.length, length, d], 1, scale),
  transform: normals([d, h], 2, 0.5),
  logits: normals([length, interests], 3),
  lengths: integers([lengths.length], lengths),
  counts: integers([lengths.length], counts),
});

const caseOf = (size: Size, options: RouteOptions, label: string, scale = 1): OpCase => ({
  name: `${size.name}, ${label}`,
  feeds: feedsOf(size, scale),
  apply: ({ behaviours, transform, lengths, counts, logits }) =>
    route(behaviours!, transform!, lengths!, counts!, logits!, options),
  differentiate: ["behaviours", "transform"],
});

/** Behaviours from a table, among them one that is padding although it lies within its history. */
function gatheredCase(size: Size, options: RouteOptions, label: string): OpCase {
  const { behaviours: _, ...rest } = feedsOf(size);
  const rows = 23;
  const ids = Array.from({ length: size.lengths.length * size.length }, (_, i) =>
    i === 1 ? 0 : 1 + ((i * 7) % (rows - 1)),
  );
  return {
    name: `${size.name}, ${label}`,
    feeds: { ...rest, table: normals([rows, size.d], 1), ids: integers([size.lengths.length, size.length], ids) },
    apply: ({ table, ids, transform, lengths, counts, logits }) =>
      route(gather(table!, ids!), transform!, lengths!, counts!, logits!, options),
    differentiate: ["transform"],
    derivative: false,
  };
}

/** The weights of the last iteration beside the interests. */
function weightsCase(size: Size, options: RouteOptions, label: string): OpCase {
  const one = caseOf(size, { gradient: "all", ...options }, `weights and interests, ${label}`);
  const apply: OpCase["apply"] = (values) => {
    const interests = one.apply(values) as Value;
    return [interests, routingWeights(interests)];
  };
  return { ...one, apply };
}

const overwrittenCosine = { similarity: "cosine", update: "overwrite" } as const;
const clustering = { ...overwrittenCosine, activation: "l2", assignment: "hard" } as const;
const activations: [string, RouteOptions][] = [
  ["l2", { activation: "l2" }],
  ["squash to the power of 2", { squashPower: 2 }],
  ["squash to the power of a half", { squashPower: 0.5 }],
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

describeOp("route", [
  ...sizes.map((size) => ({ ...caseOf(size, {}, "weights constant to the gradient"), derivative: false })),
  ...sizes.map((size) => gatheredCase(size, {}, "gathered")),
  { ...caseOf(sizes[0]!, { update: "overwrite" }, "weights constant, overwritten logits"), derivative: false },
  gatheredCase(sizes[0]!, { gradient: "all" }, "gathered, gradient through all iterations"),
  // With one iteration there are no earlier ones, so the gradient through the last is the whole gradient.
  ...sizes.map((size) => caseOf(size, { iterations: 1 }, "one iteration")),
  ...sizes.map((size) => caseOf(size, { gradient: "all" }, "gradient through all iterations")),
  caseOf(sizes[0]!, { gradient: "all", competition: "behaviours" }, "competition of behaviours"),
  caseOf(sizes[6]!, { gradient: "all", competition: "behaviours", iterations: 2 }, "competition of behaviours"),
  caseOf(sizes[0]!, { gradient: "all", update: "overwrite" }, "overwritten logits"),
  caseOf(sizes[5]!, { gradient: "all", update: "overwrite", iterations: 4 }, "four iterations, overwritten logits"),
  caseOf(sizes[0]!, { gradient: "all" }, "small rows", 0.1),
  ...sizes.map((size) => weightsCase(size, {}, "three iterations")),
  weightsCase(sizes[0]!, { iterations: 1 }, "one iteration"),
  weightsCase(sizes[5]!, { competition: "behaviours", iterations: 2 }, "competition of behaviours"),
  weightsCase(sizes[0]!, overwrittenCosine, "overwritten cosines"),
  ...sizes.map((size) => ({ ...caseOf(size, { similarity: "cosine" }, "cosine"), derivative: false })),
  ...sizes.map((size) => gatheredCase(size, { similarity: "cosine" }, "gathered, cosine")),
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
    { ...caseOf(sizes[0]!, options, label), derivative: false },
    { ...caseOf(sizes[1]!, options, label), derivative: false },
    { ...caseOf(sizes[6]!, options, label), derivative: false },
    caseOf(sizes[0]!, { ...options, iterations: 1 }, `${label}, one iteration`),
    caseOf(sizes[6]!, { ...options, iterations: 1 }, `${label}, one iteration`),
    caseOf(sizes[0]!, { ...options, gradient: "all" }, `${label}, gradient through all iterations`),
    caseOf(sizes[1]!, { ...options, gradient: "all", ...overwrittenCosine }, `${label}, overwritten cosines`),
  ]),
  ...sizes.map((size) => ({ ...caseOf(size, { assignment: "hard" }, "hard assignment"), derivative: false })),
  { ...caseOf(sizes[0]!, { assignment: "hard", competition: "behaviours" }, "hard, of behaviours"), derivative: false },
  ...[0, 4, 6].map((at) => ({ ...caseOf(sizes[at]!, clustering, "spherical clustering"), derivative: false })),
  equalRows({ similarity: "cosine" }, "all behaviours equal, cosine"),
  equalRows({ assignment: "hard" }, "all behaviours equal, hard"),
  zeroRows({ similarity: "cosine" }, "behaviours without a direction, cosine"),
  zeroRows({ similarity: "cosine", gradient: "all" }, "behaviours without a direction, gradient through all cosines"),
  zeroRows(clustering, "behaviours without a direction, spherical clustering"),
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

test("weights that are constants to the gradient, and weights of other ops, are refused in one line", () => {
  const graph = new Graph();
  const input = (name: string, shape: number[], type: "f32" | "u32" = "f32") => graph.input(name, type, shape);
  const e = input("e", [1, 3, 4]);
  const transform = input("S", [4, 4]);
  const u = route(e, transform, input("n", [1], "u32"), input("k", [1], "u32"), input("b", [3, 2]));
  const upstream = new Map([
    [u, input("du", [1, 2, 4])],
    [routingWeights(u), input("dw", [1, 3, 2])],
  ]);
  expect(() => backpropagate(upstream, [e])).toThrow(
    'route: expected gradient "all" for weights that are differentiated, got "last", which holds them constant',
  );
  expect(() => routingWeights(e)).toThrow("routingWeights: expected interests of route, got e");
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

test("the reference follows algorithm 1 of the paper", () => {
  const size = sizes[0]!;
  const { u } = referenceOf(size);
  expect(Math.max(...u.map((value, i) => Math.abs(value - explicit(size)[i]!)))).toBeLessThan(1e-12);
});

test("by default only the last iteration is differentiated, with the routing weights as constants", async () => {
  const size = sizes[0]!;
  const { weights } = referenceOf(size);
  const feeds = feedsOf(size);
  const upstream = normals([3, 4, 8], 9).data;
  const engine = await createEngine();
  const { backpropagate } = await import("../../src/autograd.ts");
  const graph = new Graph();
  const values = Object.fromEntries(
    Object.entries(feeds).map(([name, feed]) => [
      name,
      graph.input(name, feed.data instanceof Uint32Array ? "u32" : "f32", feed.shape),
    ]),
  );
  const u = route(values.behaviours!, values.transform!, values.lengths!, values.counts!, values.logits!);
  const gradients = backpropagate(new Map([[u, graph.input("du", "f32", [3, 4, 8])]]), [
    values.behaviours!,
    values.transform!,
  ]);
  const [de, dS] = [...gradients.values()] as [typeof u, typeof u];
  const program = await engine.compile({ outputs: { de, dS } });
  await program.run({
    ...Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, feed.data])),
    du: upstream,
  });
  const frozen = (e: Float64Array, S: Float64Array) => {
    let loss = 0;
    for (let user = 0; user < 3; user++) {
      const z = new Float64Array(4 * 8);
      for (let i = 0; i < 10; i++) {
        for (let j = 0; j < 4; j++) {
          for (let k = 0; k < 8; k++) {
            const weighted = weights[(user * 10 + i) * 4 + j]! * e[(user * 10 + i) * 8 + k]!;
            for (let c = 0; c < 8; c++) z[j * 8 + c]! += weighted * S[k * 8 + c]!;
          }
        }
      }
      squash(z, 8).forEach((value, i) => {
        loss += value * upstream[user * 32 + i]!;
      });
    }
    return loss;
  };
  const e = Float64Array.from(feeds.behaviours.data);
  const S = Float64Array.from(feeds.transform.data);
  const got = { de: await program.read("de"), dS: await program.read("dS") };
  for (const i of [0, 7, 33, 79, 80, 100, 200]) {
    const slope = (frozen(e.with(i, e[i]! + 1e-5), S) - frozen(e.with(i, e[i]! - 1e-5), S)) / 2e-5;
    expect(got.de[i], `de ${i}`).toBeCloseTo(slope, 4);
  }
  for (const i of [0, 9, 31, 63]) {
    const slope = (frozen(e, S.with(i, S[i]! + 1e-5)) - frozen(e, S.with(i, S[i]! - 1e-5))) / 2e-5;
    expect(got.dS[i], `dS ${i}`).toBeCloseTo(slope, 4);
  }
  engine.dispose();
});

test("more users than one grid dimension are all routed", async () => {
  const batch = 65_600;
  const engine = await createEngine();
  const graph = new Graph();
  const lengths = graph.constant("lengths", [batch], new Uint32Array(batch).fill(1));
  const rows = graph.input("rows", "f32", [batch, 1, 4]);
  const transform = graph.constant(
    "transform",
    [4, 4],
    Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1),
  );
  const u = route(rows, transform, lengths, lengths, graph.constant("logits", [1, 1], new Float32Array(1)), {
    iterations: 1,
  });
  const program = await engine.compile({ outputs: { u }, poison: 7 });
  const data = Float32Array.from({ length: batch * 4 }, (_, i) => randomStream(1).normal(i % 1000));
  await program.run({ rows: data });
  const got = await program.read("u");
  const want = squash(Float64Array.from(data), 4);
  expect(Math.max(...Array.from({ length: batch }, (_, i) => Math.abs(got[4 * i]! - want[4 * i]!)))).toBeLessThan(1e-5);
  engine.dispose();
});

function referenceOf(size: Size) {
  const feeds = feedsOf(size);
  const wide = (name: "behaviours" | "transform" | "logits") => Float64Array.from(feeds[name].data);
  const S = wide("transform");
  const { d, h, interests, length } = size;
  const gram = new Float64Array(d * d);
  for (let i = 0; i < d * d; i++)
    for (let c = 0; c < h; c++) gram[i]! += S[Math.floor(i / d) * h + c]! * S[(i % d) * h + c]!;
  const inputs = {
    e: wide("behaviours"),
    gram,
    transform: S,
    lengths: feeds.lengths.data as Uint32Array,
    counts: feeds.counts.data as Uint32Array,
    logits: wide("logits"),
  };
  const rule = {
    ...({ iterations: 3, competition: "interests", update: "accumulate", gradient: "last", power: 1 } as const),
    ...({ similarity: "dot", similarityScale: 1, assignment: "soft" } as const),
  };
  return reference(inputs, { batch: size.lengths.length, length, d, h, interests }, rule);
}

/** Algorithm 1 as printed: every behaviour is mapped by S, and the logits are kept. */
function explicit({ length, d, h, interests, lengths, counts }: Size): Float64Array {
  const feeds = feedsOf({ name: "", length, d, h, interests, lengths, counts });
  const [e, S, b0] = [feeds.behaviours.data, feeds.transform.data, feeds.logits.data];
  const out = new Float64Array(lengths.length * interests * h);
  for (const [user, n] of lengths.entries()) {
    const mapped = Array.from({ length: n }, (_, i) =>
      Array.from({ length: h }, (_, c) => {
        let sum = 0;
        for (let k = 0; k < d; k++) sum += e[(user * length + i) * d + k]! * S[k * h + c]!;
        return sum;
      }),
    );
    const b = mapped.map((_, i) => Array.from({ length: counts[user]! }, (_, j) => b0[i * interests + j]!));
    for (let t = 0; t < 3; t++) {
      const w = b.map((row) =>
        row.map((value) => Math.exp(value) / row.reduce((sum, other) => sum + Math.exp(other), 0)),
      );
      for (let j = 0; j < counts[user]!; j++) {
        const z = Float64Array.from({ length: h }, (_, c) =>
          mapped.reduce((sum, row, i) => sum + w[i]![j]! * row[c]!, 0),
        );
        const u = squash(z, h);
        out.set(u, (user * interests + j) * h);
        for (const [i, row] of mapped.entries()) b[i]![j]! += row.reduce((sum, value, c) => sum + value * u[c]!, 0);
      }
    }
  }
  return out;
}
