import type { RouteRule } from "../../reference/route.ts";
import { type Builder, type Converter, upTo } from "./builder.ts";
import {
  below,
  inverseLength,
  lowest,
  softmaxOf,
  squashed,
  squashFactor,
  sum,
  sumsBy,
  transpose,
  unsqueeze,
} from "./common.ts";

/** The iterations one after the other, in the reassociated form of the reference: what is kept is the state `[batch, K, d]`. */
const route: Converter<RouteRule> = (b, [e, gram, transform, lengths, counts, start, norms], node) => {
  const { attributes: rule, inputs } = node;
  const length = inputs[0]!.shape[1]!;
  const interests = inputs[5]!.shape[1]!;
  const isBehaviour = unsqueeze(b, below(b, lengths!, length), -1);
  const isActive = unsqueeze(b, below(b, counts!, interests), 1);
  const allowed = b.apply("And", [isBehaviour, isActive]);
  const factors = rule.similarity === "cosine" ? norms : undefined;
  let state = rule.start === "capsules" ? startState(b, start!, gram!, rule) : undefined;
  const logits = rule.start === "logits" ? start : undefined;
  for (let t = 0; ; t++) {
    const chosen = logitsOf(b, { e: e!, logits, state, factors }, rule);
    const taken = rule.assignment === "hard" ? largestOf(b, chosen, allowed, interests) : allowed;
    const weights = softmaxOf(b, chosen, taken, rule.competition === "interests" ? 2 : 1);
    const sums = sumsBy(b, weights, e!);
    if (t === rule.iterations - 1) return squashed(b, b.apply("MatMul", [sums, transform!]), rule.power);
    const agreement = agreementOf(b, sums, gram!, rule);
    state = state !== undefined && rule.update === "accumulate" ? b.apply("Add", [state, agreement]) : agreement;
  }
};

interface LogitsParts {
  readonly e: string;
  readonly logits: string | undefined;
  readonly state: string | undefined;
  readonly factors: string | undefined;
}

function logitsOf(b: Builder, { e, logits, state, factors }: LogitsParts, { update }: RouteRule): string {
  if (state === undefined) return logits!;
  const products = b.apply("MatMul", [e, transpose(b, state, [0, 2, 1])]);
  const agreement = factors === undefined ? products : b.apply("Mul", [products, factors]);
  return update === "accumulate" && logits !== undefined ? b.apply("Add", [agreement, logits]) : agreement;
}

/** Only the largest of a behaviour's logits over the active interests, the first of equals. */
function largestOf(b: Builder, logits: string, allowed: string, interests: number): string {
  const active = b.apply("Where", [allowed, logits, b.float(lowest)]);
  const largest = b.apply("ArgMax", [active], { axis: -1, keepdims: 1 });
  return b.apply("And", [allowed, b.apply("Equal", [largest, b.ints(upTo(interests))])]);
}

/** What the sums a `[batch, K, d]` of an iteration add to the state: a M and its factor. */
function agreementOf(
  b: Builder,
  sums: string,
  gram: string,
  { similarity, similarityScale, power }: RouteRule,
): string {
  const mapped = b.apply("MatMul", [sums, gram]);
  const norm2 = b.apply("Max", [sum(b, b.apply("Mul", [sums, mapped]), -1, true), b.float(0)]);
  const factor =
    similarity === "dot"
      ? squashFactor(b, norm2, power)
      : b.apply("Mul", [inverseLength(b, norm2), b.float(similarityScale)]);
  return b.apply("Mul", [mapped, factor]);
}

/** Capsules stand for the u of an iteration before the first, and are not squashed. */
const startState = (b: Builder, capsules: string, gram: string, rule: RouteRule) =>
  rule.similarity === "dot" ? b.apply("MatMul", [capsules, gram]) : agreementOf(b, capsules, gram, rule);

/** Votes `[batch, length, K h]`; the squash of the result is a node of its own. */
const routeVotes: Converter<{ readonly interests: number; readonly iterations: number }> = (
  b,
  [flat, lengths],
  { inputs: [x], attributes: { interests, iterations } },
) => {
  const [, length, width] = x!.shape as [number, number, number];
  const votes = b.apply("Reshape", [flat!, b.ints([-1, length, interests, width / interests])]);
  const isBehaviour = unsqueeze(b, below(b, lengths!, length), -1);
  let logits = b.tensor({
    name: `zeros.${length}x${interests}`,
    type: "f32",
    shape: [1, length, interests],
    data: new Float32Array(length * interests),
  });
  for (let t = 0; ; t++) {
    const weights = softmaxOf(b, logits, isBehaviour, 2);
    const z = sum(b, b.apply("Mul", [unsqueeze(b, weights, -1), votes]), 1);
    if (t === iterations - 1) return z;
    const agreement = sum(b, b.apply("Mul", [unsqueeze(b, squashed(b, z, 1), 1), votes]), -1);
    logits = b.apply("Add", [logits, agreement]);
  }
};

export const routingConverters = { route, routeVotes };
