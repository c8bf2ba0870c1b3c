import type { InitialCapsulesRule } from "../../reference/initial-capsules.ts";
import { type Builder, type Converter, upTo } from "./builder.ts";
import { below, squaredNorm, sum, toFloat, toInt, unsqueeze } from "./common.ts";

/** What both methods are given: names of values, and the sizes. */
interface Given {
  readonly e: string;
  /** Bools `[batch, length]`. */
  readonly isBehaviour: string;
  readonly limits: string;
  readonly length: number;
  readonly interests: number;
}

/** A place for each user as bools `[batch, length]`, and as a row of weights `[batch, 1, length]`. */
function marked(b: Builder, places: string, length: number) {
  const mark = b.apply("Equal", [b.ints(upTo(length)), places]);
  return { mark, row: unsqueeze(b, toFloat(b, mark), 1) };
}

const largest = (b: Builder, values: string) => b.apply("ArgMax", [values], { axis: 1, keepdims: 1 });
const taken = (b: Builder, places: string, values: string) => b.apply("Where", [places, b.float(-1), values]);

/** The behaviours chosen one after the other: for each its row `[batch, 1, d]`, and bools `[batch, 1]` of whether there is one. */
type Choice = { readonly row: string; readonly isThere: string };

/** The place drawn for the length, then again and again the one farthest from those chosen. */
function farthest(b: Builder, { e, isBehaviour, limits, length, interests }: Given, first: string): Choice[] {
  let places = unsqueeze(b, first, -1);
  let distances: string | undefined;
  const count = b.apply("Min", [limits, sum(b, toInt(b, isBehaviour), 1)]);
  return upTo(interests).map((j) => {
    const { mark, row: weights } = marked(b, places, length);
    const row = b.apply("MatMul", [weights, e]);
    const apart = b.apply("Squeeze", [squaredNorm(b, b.apply("Sub", [e, row])), b.ints([2])]);
    const nearest = distances === undefined ? apart : b.apply("Min", [distances, apart]);
    distances = taken(b, b.apply("Or", [mark, b.apply("Not", [isBehaviour])]), nearest);
    places = largest(b, distances);
    return { row, isThere: unsqueeze(b, b.apply("Greater", [count, b.ints([j], [])]), -1) };
  });
}

/** Central behaviours, none a neighbour of another one chosen, as long as there are any. */
function central(b: Builder, given: Given, norms: string, { temperature, threshold }: InitialCapsulesRule): Choice[] {
  const { e, isBehaviour, limits, length, interests } = given;
  const across = (x: string) => b.apply("Transpose", [x], { perm: [0, 2, 1] });
  const products = b.apply("MatMul", [e, across(e)]);
  const cosines = b.apply("Mul", [b.apply("Mul", [products, norms]), across(norms)]);
  const isNear = b.apply("Greater", [cosines, b.float(threshold)]);
  const isOther = b.apply("Not", [b.apply("Equal", [b.ints(upTo(length)), b.ints(upTo(length), [length, 1])])]);
  const columns = unsqueeze(b, isBehaviour, 1);
  const distance = b.apply("Div", [b.apply("Sub", [cosines, b.float(1)]), b.float(temperature)]);
  const others = toFloat(b, b.apply("And", [columns, isOther]));
  const weight = sum(b, b.apply("Mul", [b.apply("Exp", [distance]), others]), 2);
  const neighbours = sum(b, toFloat(b, b.apply("And", [isNear, columns])), 2);
  let open = taken(b, b.apply("Not", [isBehaviour]), b.apply("Mul", [weight, neighbours]));
  return upTo(interests).map((j) => {
    const { mark, row: weights } = marked(b, largest(b, open), length);
    const highest = b.apply("ReduceMax", [open], { axes: [1], keepdims: 1 });
    const isAllowed = unsqueeze(b, b.apply("Greater", [limits, b.ints([j], [])]), -1);
    const isThere = b.apply("And", [b.apply("GreaterOrEqual", [highest, b.float(0)]), isAllowed]);
    const near = b.apply("Squeeze", [b.apply("MatMul", [weights, toFloat(b, isNear)]), b.ints([1])]);
    open = taken(b, b.apply("Or", [mark, b.apply("Greater", [near, b.float(0)])]), open);
    return { row: b.apply("MatMul", [weights, e]), isThere };
  });
}

const initialCapsules: Converter<InitialCapsulesRule> = (b, [e, lengths, limits, drawn, norms], node) => {
  const { inputs, attributes: rule } = node;
  const length = inputs[0]!.shape[1]!;
  const { interests, method } = rule;
  const isBehaviour = below(b, lengths!, length);
  const given = { e: e!, isBehaviour, limits: limits!, length, interests };
  const seen = b.apply("Min", [lengths!, b.ints([length], [])]);
  const choices =
    method === "markov"
      ? central(b, given, norms!, rule)
      : farthest(b, given, b.apply("Gather", [drawn!, seen], { axis: 0 }));
  const rows = choices.map(({ row, isThere }) => b.apply("Mul", [row, toFloat(b, unsqueeze(b, isThere, -1))]));
  const flags = choices.map(({ isThere }) => toInt(b, isThere));
  return [b.apply("Concat", rows, { axis: 1 }), sum(b, b.apply("Concat", flags, { axis: 1 }), 1)];
};

export const capsuleConverters = { initialCapsules };
