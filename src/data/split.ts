import { fail } from "../errors.ts";
import { randomStream, shuffle } from "../reference/random.ts";
import { randomStreams } from "./random-streams.ts";
import { concatenateLists, type ItemLists, listsOf, pickLists, placesAt, type Sequences } from "./sequences.ts";

/** Users to evaluate: what the model sees of each, and what it should find. */
export interface EvaluationUsers {
  /** `[n]` user indices of the log, ascending. */
  readonly users: Uint32Array;
  /** `n` lists, oldest first, none empty. */
  readonly history: ItemLists;
  /** `n` lists, oldest first, none empty. */
  readonly targets: ItemLists;
}

/** User indices and item ids mean the same in all parts; a user who does not train has an empty sequence in `train`. */
export interface Split {
  readonly train: Sequences;
  readonly validation: EvaluationUsers;
  readonly test: EvaluationUsers;
}

/**
 * Tests each user's last item, given all before it; validates the second-last, given all before that; trains on the
 * rest. Users with fewer than 3 items only train.
 */
export function leaveOneOut(log: Sequences): Split {
  const train: Uint32Array[] = [];
  const users: number[] = [];
  for (let user = 0; user < log.userCount; user++) {
    const places = placesAt(log, user);
    if (places.length >= 3) users.push(user);
    train.push(places.length >= 3 ? places.subarray(0, -2) : places);
  }
  const cutFromEnd = (distance: number) =>
    evaluationUsers(log, Uint32Array.from(users), (length) => [length - distance, length - distance + 1]);
  return { train: withPlaces(log, train), validation: cutFromEnd(2), test: cutFromEnd(1) };
}

/** Shares lie in [0, 1]; `seed` chooses the users. */
export interface ShareOfUsersOptions {
  /** Share of the users to validate on. Default 0.1. */
  readonly validation?: number;
  /** Share of the users to test on. Default 0.1. */
  readonly test?: number;
  /** The first part of an evaluated user's items is the history (rounded down, at least 1), the rest the targets. Default 0.8. */
  readonly historyShare?: number;
  readonly seed: number;
}

/**
 * ComiRec's protocol (KDD 2020): users are split 8:1:1, and those who validate or test do not train. A user with a
 * single item has nothing to predict and only trains.
 */
export function shareOfUsers(log: Sequences, options: ShareOfUsersOptions): Split {
  const { validation = 0.1, test = 0.1, historyShare = 0.8, seed } = options;
  for (const [name, share] of Object.entries({ validation, test, historyShare })) {
    if (!(share >= 0 && share <= 1)) fail(`shareOfUsers: ${name} is a share from 0 to 1, got ${share}`);
  }
  if (validation + test > 1) fail(`shareOfUsers: validation ${validation} and test ${test} are more than all users`);
  const eligible = Uint32Array.from(
    Array.from({ length: log.userCount }, (_, user) => user).filter(
      (user) => log.offsets[user + 1]! - log.offsets[user]! >= 2,
    ),
  );
  shuffle(eligible, randomStream(seed, randomStreams.userSplit));
  const testCount = Math.round(eligible.length * test);
  const validationCount = Math.min(Math.round(eligible.length * validation), eligible.length - testCount);
  const cut = (length: number): [number, number] => [
    Math.max(1, Math.min(length - 1, Math.floor(length * historyShare))),
    length,
  ];
  const evaluated = eligible.subarray(0, testCount + validationCount);
  const doesNotTrain = new Set(evaluated);
  const train = Array.from({ length: log.userCount }, (_, user) =>
    doesNotTrain.has(user) ? new Uint32Array(0) : placesAt(log, user),
  );
  return {
    train: withPlaces(log, train),
    validation: evaluationUsers(log, evaluated.slice(testCount).sort(), cut),
    test: evaluationUsers(log, evaluated.slice(0, testCount).sort(), cut),
  };
}

/** The part of a log that trains: what stands at `places[u]` of user u. */
export function withPlaces(log: Sequences, places: readonly Uint32Array[]): Sequences {
  const { userCount, itemCount, negatives } = log;
  const own = negatives && { negatives: pickLists(negatives, concatenateLists(places).items) };
  return { userCount, itemCount, ...listsOf(log, places), ...own };
}

/** `cut` maps a user's number of items to [end of the history = start of the targets, end of the targets]. */
function evaluationUsers(
  log: Sequences,
  users: Uint32Array,
  cut: (length: number) => [number, number],
): EvaluationUsers {
  const history: Uint32Array[] = [];
  const targets: Uint32Array[] = [];
  for (const user of users) {
    const places = placesAt(log, user);
    const [historyEnd, targetsEnd] = cut(places.length);
    history.push(places.subarray(0, historyEnd));
    targets.push(places.subarray(historyEnd, targetsEnd));
  }
  return { users, history: listsOf(log, history), targets: listsOf(log, targets) };
}
