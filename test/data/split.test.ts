import fc from "fast-check";
import { expect, test } from "vitest";
import { type ItemLists, itemsAt, type Sequences } from "../../src/data/sequences.ts";
import { type EvaluationUsers, leaveOneOut, shareOfUsers } from "../../src/data/split.ts";
import { failureOf } from "./files.ts";
import { anySequences, sequencesOf } from "./sequences.ts";

const lists = (of: ItemLists) => Array.from({ length: of.offsets.length - 1 }, (_, index) => [...itemsAt(of, index)]);

test("the last item is tested, the second-last validated, the rest trains", () => {
  const split = leaveOneOut(sequencesOf([[1, 2, 3, 4], [5, 6], [], [7, 8, 9]]));
  expect(lists(split.train)).toEqual([[1, 2], [5, 6], [], [7]]);
  expect([...split.test.users]).toEqual([0, 3]);
  expect(lists(split.validation.history)).toEqual([[1, 2], [7]]);
  expect(lists(split.validation.targets)).toEqual([[3], [8]]);
  expect(lists(split.test.history)).toEqual([
    [1, 2, 3],
    [7, 8],
  ]);
  expect(lists(split.test.targets)).toEqual([[4], [9]]);
});

test("no split leaks: what trains or is history comes before the targets, and all of it is the user's own sequence", () => {
  const check = (log: Sequences, train: Sequences, evaluated: EvaluationUsers) => {
    evaluated.users.forEach((user, index) => {
      const [all, history, targets] = [
        itemsAt(log, user),
        itemsAt(evaluated.history, index),
        itemsAt(evaluated.targets, index),
      ];
      expect(history.length).toBeGreaterThan(0);
      expect(targets.length).toBeGreaterThan(0);
      expect([...history, ...targets]).toEqual([...all.subarray(0, history.length + targets.length)]);
      const trained = itemsAt(train, user);
      expect(trained.length).toBeLessThanOrEqual(history.length);
      expect([...trained]).toEqual([...all.subarray(0, trained.length)]);
    });
  };
  fc.assert(
    fc.property(anySequences, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (log, seed, historyShare) => {
      for (const split of [leaveOneOut(log), shareOfUsers(log, { validation: 0.3, test: 0.3, historyShare, seed })]) {
        check(log, split.train, split.validation);
        check(log, split.train, split.test);
        expect([split.train.userCount, split.train.itemCount]).toEqual([log.userCount, log.itemCount]);
      }
    }),
  );
});

test("a share of users validates and tests, and these do not train", () => {
  const log = sequencesOf(
    Array.from({ length: 100 }, (_, user) => (user === 0 ? [1] : Array(10).fill(1 + (user % 9)))),
  );
  const split = shareOfUsers(log, { seed: 3 });
  expect([split.validation.users.length, split.test.users.length]).toEqual([10, 10]);
  const evaluated = [...split.validation.users, ...split.test.users];
  expect(new Set(evaluated).size).toBe(20);
  expect(evaluated).not.toContain(0);
  for (let user = 0; user < 100; user++) {
    expect(itemsAt(split.train, user).length).toBe(evaluated.includes(user) ? 0 : itemsAt(log, user).length);
  }
  expect(itemsAt(split.test.history, 0).length).toBe(8);
  expect(itemsAt(split.test.targets, 0).length).toBe(2);
  expect(shareOfUsers(log, { seed: 3 })).toEqual(split);
  expect(shareOfUsers(log, { seed: 4 }).test.users).not.toEqual(split.test.users);
});

test.each([
  [{ validation: 1.5 }, "validation is a share from 0 to 1, got 1.5"],
  [{ historyShare: Number.NaN }, "historyShare is a share from 0 to 1, got NaN"],
  [{ validation: 0.6, test: 0.6 }, "are more than all users"],
])("shares %o are refused", async (shares, message) => {
  expect(await failureOf(() => shareOfUsers(sequencesOf([[1, 2]]), { seed: 1, ...shares }))).toContain(message);
});
