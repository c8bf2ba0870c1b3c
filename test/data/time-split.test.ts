import { expect, test } from "vitest";
import { type ItemLists, itemsAt, type Sequences } from "../../src/data/sequences.ts";
import { globalTime, timeBoundaries } from "../../src/data/time-split.ts";
import { failureOf } from "./files.ts";
import { sequencesOf } from "./sequences.ts";

const lists = (of: ItemLists) => Array.from({ length: of.offsets.length - 1 }, (_, index) => [...itemsAt(of, index)]);

/** A log of users with [item, time] pairs. */
function timed(users: readonly (readonly [item: number, time: number])[][]): Sequences {
  const times = Float64Array.from(users.flatMap((user) => user.map(([, time]) => time)));
  return { ...sequencesOf(users.map((user) => user.map(([item]) => item))), times };
}

// biome-ignore format: a user a line
const log = timed([
  [[1, 10], [2, 20], [3, 30], [4, 40]],
  [[5, 1], [6, 29]],
  [[7, 31], [8, 33]],
  [],
  [[9, 19], [1, 20], [2, 30], [3, 30]],
]);

test("before the first moment trains, between the two validates, from the second on tests, for all users alike", () => {
  const split = globalTime(log, { validationFrom: 20, testFrom: 30 });
  expect(lists(split.train)).toEqual([[1], [5], [], [], [9]]);
  expect([...split.validation.users]).toEqual([0, 1, 4]);
  expect(lists(split.validation.history)).toEqual([[1], [5], [9]]);
  expect(lists(split.validation.targets)).toEqual([[2], [6], [1]]);
  expect([...split.test.users]).toEqual([0, 4]);
  expect(lists(split.test.history)).toEqual([
    [1, 2],
    [9, 1],
  ]);
  expect(lists(split.test.targets)).toEqual([
    [3, 4],
    [2, 3],
  ]);
});

test("the boundaries are quantiles of time over all interactions", () => {
  // In order: 1 10 19 20 20 29 30 30 30 31 33 40.
  expect(timeBoundaries(log, { validation: 0.25, test: 0.25 })).toEqual({ validationFrom: 30, testFrom: 31 });
  expect(timeBoundaries(log, { validation: 0.5, test: 0.25 })).toEqual({ validationFrom: 20, testFrom: 31 });
  const many = timed([Array.from({ length: 1000 }, (_, i): [number, number] => [1, i])]);
  expect(timeBoundaries(many)).toEqual({ validationFrom: 800, testFrom: 900 });
});

// biome-ignore format: a case a line
const refused: [name: string, action: () => unknown, message: string][] = [
  ["a log without times", () => timeBoundaries(sequencesOf([[1, 2]])), "needs the time of every interaction, and this log has none: name its column with --time"],
  ["a count within each user", () => timeBoundaries(timed([[[1, 0], [2, 1]], [[3, 0], [4, 1]]])), "here every user begins at 0"],
  ["boundaries in the wrong order", () => globalTime(log, { validationFrom: 30, testFrom: 30 }), "got 30 and 30"],
  ["shares of nothing", () => timeBoundaries(log, { validation: 0, test: 0.1 }), "got validation 0 and test 0.1"],
  ["shares of everything", () => timeBoundaries(log, { validation: 0.5, test: 0.5 }), "got validation 0.5 and test 0.5"],
  ["too many of one time", () => timeBoundaries(timed([[[1, 5], [2, 6], [3, 6], [4, 6]]]), { validation: 0.25, test: 0.25 }), "validation at 6, the test at 6"],
];
test.each(refused)("%s is refused", async (_, action, message) => {
  expect(await failureOf(action)).toContain(message);
});
