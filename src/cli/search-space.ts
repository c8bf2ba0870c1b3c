import { fail } from "../errors.ts";
import type { ModelName } from "../models/registry.ts";
import { randomStream, shuffle } from "../reference/random.ts";
import { hasOption, keyOf, schemaOf } from "./contestants.ts";
import { flagOf, readValue } from "./options.ts";

/** Values to try, by option. */
export type SearchSpace = ReadonlyMap<string, readonly unknown[]>;

/** What one trial takes of each list. */
export type Candidate = Readonly<Record<string, unknown>>;

/** Tried where nothing else is asked for, as far as a model has the options. */
const usual: Readonly<Record<string, readonly unknown[]>> = {
  interests: [2, 4, 8],
  dimension: [32, 64],
  rate: [1e-3, 3e-3],
  negativeAlpha: [0, 0.75],
  logitDeviation: [1, 5],
};

/** More combinations are not shuffled, nor tried by anybody. */
const most = 100_000;

/**
 * The lists of `--try`, which come as parts between commas: `rate=1e-3`, `3e-3`, `interests=2`, `4`. The elements of a value that
 * is itself a list stand between plus signs.
 */
export function readSpace(parts: readonly string[] | undefined, name: ModelName): SearchSpace {
  if (parts === undefined) {
    const known = Object.entries(usual).filter(([key]) => hasOption(name, key));
    return new Map(known);
  }
  const texts = new Map<string, string[]>();
  let last: string[] | undefined;
  for (const part of parts) {
    const [, option, first] = /^([\w-]+)=(.*)$/.exec(part) ?? [];
    if (option !== undefined && first !== undefined) {
      const key = keyOf(option);
      if (texts.has(key)) fail(`--try ${option}: it is there twice; name all its values in one list`);
      last = [first];
      texts.set(key, last);
    } else if (last !== undefined) last.push(part);
    else fail(`--try ${part}: expected an option and its values, like rate=1e-3,3e-3`);
  }
  return new Map([...texts].map(([key, values]) => [key, readValues(key, values, name)]));
}

function readValues(key: string, texts: readonly string[], name: ModelName): readonly unknown[] {
  const schema = schemaOf(key, name, `--try ${key}`);
  const values = texts.map((text) => readValue(text.replaceAll("+", ","), schema, `--try ${key}`));
  const distinct = new Set(values.map((value) => JSON.stringify(value)));
  return distinct.size === values.length ? values : fail(`--try ${key}: a value is there twice in ${texts.join(",")}`);
}

/** All combinations, the last list the fastest, or in random order. */
export function candidates(space: SearchSpace, search: "grid" | "random", seed: number): Candidate[] {
  const lists = [...space];
  const count = lists.reduce((product, [, values]) => product * values.length, 1);
  if (count > most) fail(`--try: ${count} combinations are more than ${most}; leave some out`);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  if (search === "random") shuffle(order, randomStream(seed));
  return Array.from(order, (index) => {
    let rest = index;
    const chosen = lists.toReversed().map(([key, values]): [string, unknown] => {
      const value = values[rest % values.length];
      rest = Math.floor(rest / values.length);
      return [key, value];
    });
    return Object.fromEntries(chosen.reverse());
  });
}

/** A candidate in the words of the command line. */
export const describeCandidate = (candidate: Candidate): string =>
  Object.entries(candidate)
    .map(
      ([key, value]) => `${flagOf(key).slice(2)} ${Array.isArray(value) ? value.join("+") || "none" : String(value)}`,
    )
    .join(", ");
