import { lastDimension } from "../../graph/shape.ts";
import { type InterestRule, interestCounts as reference } from "../../reference/interest-counts.ts";
import { type Builder, type Converter, upTo } from "./builder.ts";
import { sum, toFloat, toInt, unsqueeze } from "./common.ts";

const zero = (b: Builder) => b.ints([0], []);
const isThere = (b: Builder, ids: string) => b.apply("Greater", [ids, zero(b)]);

/** Row 0 of a table that is a parameter is zero in the model that is written; of one that is computed it may not be. */
const gather: Converter = (b, [table, ...lists], { inputs: [source] }) =>
  lists.map((ids) => {
    const rows = b.apply("Gather", [table!, ids], { axis: 0 });
    if (source!.type === "f16") return toFloat(b, rows);
    if (source!.role === "parameter") return rows;
    return b.apply("Mul", [rows, toFloat(b, unsqueeze(b, isThere(b, ids), -1))]);
  });

const embeddingBag: Converter = (b, [table, members, ids], { inputs: [source] }) => {
  const own = b.apply("Gather", [members!, ids!], { axis: 0 });
  const gathered = b.apply("Gather", [table!, own], { axis: 0 });
  const rows = source!.type === "f16" ? toFloat(b, gathered) : gathered;
  const count = sum(b, toFloat(b, isThere(b, own)), -1, true);
  return b.apply("Div", [sum(b, rows, -2), b.apply("Max", [count, b.float(1)])]);
};

/** The history's end, newest first. */
const latest: Converter<{ readonly count: number }> = (b, [history, lengths], { inputs, attributes: { count } }) => {
  const length = lastDimension(inputs[0]!.shape);
  const seen = b.apply("Min", [lengths!, b.ints([length], [])]);
  const backwards = b.ints(upTo(count).map((place) => place + 1));
  const places = b.apply("Sub", [unsqueeze(b, seen, -1), backwards]);
  const ids = b.apply("GatherElements", [history!, b.apply("Max", [places, zero(b)])], { axis: 1 });
  return b.apply("Where", [b.apply("Less", [places, zero(b)]), zero(b), ids]);
};

const recency: Converter<{ readonly length: number }> = (b, [lengths], { attributes: { length } }) => {
  const seen = b.apply("Min", [lengths!, b.ints([length], [])]);
  const places = b.apply("Sub", [unsqueeze(b, seen, -1), b.ints(upTo(length))]);
  return b.apply("Max", [places, zero(b)]);
};

/** Places before the first 0. */
const valueCounts: Converter = (b, [ids]) => {
  const isZero = toInt(b, b.apply("Equal", [ids!, zero(b)]));
  const zerosUpTo = b.apply("CumSum", [isZero, b.ints([-1], [])]);
  return sum(b, toInt(b, b.apply("Equal", [zerosUpTo, zero(b)])), -1);
};

/** The rule grows with the length, so the count is how many of the lengths at which it reaches 1, 2, ... K are reached. */
const interestCounts: Converter<{ readonly interests: number; readonly rule: InterestRule }> = (
  b,
  [lengths],
  { attributes: { interests, rule } },
) => {
  const thresholds = upTo(interests).map((j) => leastLength(j + 1, rule));
  return sum(b, toInt(b, b.apply("GreaterOrEqual", [unsqueeze(b, lengths!, -1), b.ints(thresholds)])), -1);
};

const longest = 2 ** 31 - 1;

function leastLength(count: number, rule: InterestRule): number {
  const reaches = (length: number) => reference(Uint32Array.of(length), count, rule)[0]! >= count;
  let [below, above] = [0, longest];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (reaches(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** Ops that take ids and counts. */
export const idConverters = { gather, embeddingBag, latest, recency, valueCounts, interestCounts };
