import { fail } from "../errors.ts";
import { randomStream, shuffle } from "../reference/random.ts";
import { randomStreams } from "./random-streams.ts";
import { listsOf, placesAt, type Sequences } from "./sequences.ts";
import { type EvaluationUsers, type Split, withPlaces } from "./split.ts";

/** Shares lie in [0, 1]; `seed` chooses the interactions. */
export interface RandomInteractionsOptions {
  /** Share of the interactions to validate on, of which MIND says nothing. Default 0.05. */
  readonly validation?: number;
  /** Share of the interactions to test on. Default 0.05: MIND's 19:1. */
  readonly test?: number;
  readonly seed: number;
}

/** Which part an interaction belongs to. */
const part = { training: 0, validation: 1, test: 2 } as const;

/**
 * MIND's protocol (CIKM 2019): interactions are split at random. Of each user's test interactions one, drawn at random, is
 * the target, and all that the user did before it the history; a user's first interaction has no history and is no target.
 * Validation is cut out of the rest in the same way and knows of no test interaction. What a user did after a target
 * trains: the protocol asks which items go together, not what the future brings.
 */
export function randomInteractions(log: Sequences, options: RandomInteractionsOptions): Split {
  const { validation = 0.05, test = 0.05, seed } = options;
  for (const [name, share] of Object.entries({ validation, test })) {
    if (!(share >= 0 && share <= 1)) fail(`randomInteractions: ${name} is a share from 0 to 1, got ${share}`);
  }
  if (validation + test > 1) {
    fail(`randomInteractions: validation ${validation} and test ${test} are more than all interactions`);
  }
  const count = log.items.length;
  const order = Uint32Array.from({ length: count }, (_, place) => place);
  shuffle(order, randomStream(seed, randomStreams.interactionSplit));
  const testCount = Math.round(count * test);
  const validationEnd = Math.min(testCount + Math.round(count * validation), count);
  const parts = new Uint8Array(count).fill(part.training);
  for (const place of order.subarray(0, testCount)) parts[place] = part.test;
  for (const place of order.subarray(testCount, validationEnd)) parts[place] = part.validation;

  const partsOf = (user: number) => parts.subarray(log.offsets[user]!, log.offsets[user + 1]!);
  const draws = randomStream(seed, randomStreams.targets);
  const targetsOf = (asked: number, isKnown: (other: number) => boolean): EvaluationUsers => {
    const users: number[] = [];
    const history: Uint32Array[] = [];
    const targets: Uint32Array[] = [];
    for (let user = 0; user < log.userCount; user++) {
      const [places, own] = [placesAt(log, user), partsOf(user)];
      const firstKnown = own.findIndex(isKnown);
      const candidates = [...own.keys()].filter((at) => own[at] === asked && firstKnown >= 0 && at > firstKnown);
      if (candidates.length === 0) continue;
      const target = candidates[draws.below(candidates.length, 2 * user + (asked === part.test ? 1 : 0))]!;
      users.push(user);
      history.push(places.subarray(0, target).filter((_, at) => isKnown(own[at]!)));
      targets.push(places.subarray(target, target + 1));
    }
    return { users: Uint32Array.from(users), history: listsOf(log, history), targets: listsOf(log, targets) };
  };
  const train = Array.from({ length: log.userCount }, (_, user) => {
    const own = partsOf(user);
    return placesAt(log, user).filter((_, at) => own[at] === part.training);
  });
  return {
    train: withPlaces(log, train),
    validation: targetsOf(part.validation, (other) => other !== part.test),
    test: targetsOf(part.test, () => true),
  };
}
