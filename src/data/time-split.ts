import { fail } from "../errors.ts";
import { listsOf, placesAt, type Sequences } from "./sequences.ts";
import { type EvaluationUsers, type Split, withPlaces } from "./split.ts";

/** Two moments, in the units of the log's times. */
export interface TimeBoundaries {
  /** Everything before it trains. */
  readonly validationFrom: number;
  /** What lies between the two validates; from here on everything tests. */
  readonly testFrom: number;
}

/**
 * One split in time for all users, so that nothing of the future is known: users are judged by all they do in a period, from
 * all they did before it began. Users with nothing before it, or nothing in it, are not judged.
 */
export function globalTime(log: Sequences, { validationFrom, testFrom }: TimeBoundaries): Split {
  const times = sharedTimes(log);
  if (!(validationFrom < testFrom)) {
    fail(`globalTime: expected a validation that begins before the test, got ${validationFrom} and ${testFrom}`);
  }
  const countsBefore = (moment: number) =>
    Array.from({ length: log.userCount }, (_, user) => {
      const own = times.subarray(log.offsets[user]!, log.offsets[user + 1]!);
      const first = own.findIndex((time) => time >= moment);
      return first < 0 ? own.length : first;
    });
  const [trained, known, all] = [validationFrom, testFrom, Number.POSITIVE_INFINITY].map(countsBefore);
  const train = Array.from(trained!, (end, user) => placesAt(log, user).subarray(0, end));
  return {
    train: withPlaces(log, train),
    validation: usersBetween(log, trained!, known!),
    test: usersBetween(log, known!, all!),
  };
}

/** Shares lie between 0 and 1. */
export interface TimeShares {
  /** Share of the interactions to validate on. Default 0.1. */
  readonly validation?: number;
  /** Share of the interactions, the latest ones, to test on. Default 0.1. */
  readonly test?: number;
}

/** The quantiles of time that cut off the shares; interactions at the very moment of a boundary lie behind it. */
export function timeBoundaries(log: Sequences, { validation = 0.1, test = 0.1 }: TimeShares = {}): TimeBoundaries {
  if (!(validation > 0 && test > 0 && validation + test < 1)) {
    fail(`timeBoundaries: expected shares above 0 with a sum below 1, got validation ${validation} and test ${test}`);
  }
  const sorted = sharedTimes(log).toSorted();
  const cutOff = (share: number) => sorted[Math.floor(sorted.length * (1 - share))]!;
  const [validationFrom, testFrom] = [cutOff(validation + test), cutOff(test)];
  if (sorted[0] === validationFrom || validationFrom === testFrom) {
    fail(
      `timeBoundaries: training would begin at ${sorted[0]}, validation at ${validationFrom}, the test at ${testFrom}; too many interactions are of one time to be cut so: take other shares`,
    );
  }
  return { validationFrom, testFrom };
}

/** The times of a log, which must mean the same for all users. */
function sharedTimes({ times, offsets, userCount }: Sequences): Float64Array {
  if (times === undefined) {
    return fail(
      "the time protocol needs the time of every interaction, and this log has none: name its column with --time",
    );
  }
  const starts = Array.from({ length: userCount }, (_, user) => times[offsets[user]!]);
  if (userCount > 1 && (starts.every((time) => time === 0) || starts.every((time) => time === 1))) {
    fail(
      `the time protocol needs times that all users share, and here every user begins at ${starts[0]}: a column that counts a user's own interactions is none`,
    );
  }
  return times;
}

function usersBetween(log: Sequences, from: readonly number[], to: readonly number[]): EvaluationUsers {
  const users = Uint32Array.from(from.keys()).filter((user) => from[user]! > 0 && to[user]! > from[user]!);
  const lists = (start: (user: number) => number, end: readonly number[]) =>
    listsOf(
      log,
      Array.from(users, (user) => placesAt(log, user).subarray(start(user), end[user])),
    );
  return { users, history: lists(() => 0, from), targets: lists((user) => from[user]!, to) };
}
