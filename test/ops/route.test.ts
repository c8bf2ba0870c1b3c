import { expect, test } from "vitest";
import { backpropagate } from "../../src/autograd.ts";
import { createEngine } from "../../src/engine.ts";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { type RouteOptions, route, routingWeights } from "../../src/ops/route.ts";
import { inverseNorms } from "../../src/reference/inverse-norms.ts";
import { matmul } from "../../src/reference/matmul.ts";
import { randomStream } from "../../src/reference/random.ts";
import { type RouteRule, route as reference } from "../../src/reference/route.ts";
import { squash } from "../../src/reference/squash.ts";
import { describeOp, normals, type OpCase } from "../support/op.ts";
import { caseOf, feedsOf, gatheredCase, type Size, sizes } from "../support/route-cases.ts";

/** The weights of the last iteration beside the interests. */
function weightsCase(size: Size, options: RouteOptions, label: string): OpCase {
  const one = caseOf(size, { gradient: "all", ...options }, `weights and interests, ${label}`);
  const apply: OpCase["apply"] = (values) => {
    const interests = one.apply(values) as Value;
    return [interests, routingWeights(interests)];
  };
  return { ...one, apply };
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
  weightsCase(sizes[0]!, { similarity: "cosine", update: "overwrite" }, "overwritten cosines"),
]);

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

test.each(["dot", "cosine"] as const)(
  "the reference follows algorithm 1 of the paper, agreement by %s",
  (similarity) => {
    const size = sizes[0]!;
    const { u } = referenceOf(size, similarity);
    const wanted = explicit(size, similarity);
    expect(Math.max(...u.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(1e-12);
  },
);

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

function referenceOf(size: Size, similarity: RouteRule["similarity"] = "dot") {
  const feeds = feedsOf(size);
  const wide = (name: "behaviours" | "transform" | "logits") => Float64Array.from(feeds[name].data);
  const S = wide("transform");
  const { d, h, interests, length } = size;
  const gram = new Float64Array(d * d);
  for (let i = 0; i < d * d; i++)
    for (let c = 0; c < h; c++) gram[i]! += S[Math.floor(i / d) * h + c]! * S[(i % d) * h + c]!;
  const mapped = matmul(wide("behaviours"), S, size.lengths.length * length, d, h);
  const inputs = {
    inverseNorms: inverseNorms(mapped, h),
    e: wide("behaviours"),
    gram,
    transform: S,
    lengths: feeds.lengths.data as Uint32Array,
    counts: feeds.counts.data as Uint32Array,
    start: wide("logits"),
  };
  const rule = {
    ...({ iterations: 3, competition: "interests", update: "accumulate", gradient: "last", power: 1 } as const),
    ...({ similarity, similarityScale: 20, assignment: "soft" } as const),
    ...({ start: "logits", mapped: true } as const),
  };
  return reference(inputs, { batch: size.lengths.length, length, d, h, interests }, rule);
}

/** Algorithm 1 as printed: every behaviour is mapped by S, and the logits are kept. */
function explicit({ length, d, h, interests, lengths, counts }: Size, similarity: RouteRule["similarity"]) {
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
        const factor = (row: number[]) => (similarity === "cosine" ? 20 / (Math.hypot(...row) * Math.hypot(...u)) : 1);
        for (const [i, row] of mapped.entries())
          b[i]![j]! += factor(row) * row.reduce((sum, value, c) => sum + value * u[c]!, 0);
      }
    }
  }
  return out;
}
