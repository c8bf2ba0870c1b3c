import fc from "fast-check";
import { expect, test } from "vitest";
import { randomInteractions } from "../../src/data/random-split.ts";
import { itemsAt } from "../../src/data/sequences.ts";
import { failureOf } from "./files.ts";
import { anySequences, sequencesOf } from "./sequences.ts";

test("a twentieth of the interactions is tested, a twentieth validated, and each user has one target", () => {
  const users = 60;
  const length = 20;
  const log = sequencesOf(Array.from({ length: users }, () => Array.from({ length }, (_, i) => 1 + (i % 9))));
  const split = randomInteractions(log, { seed: 5 });
  expect(split.train.items.length).toBe(users * length * 0.9);
  for (const { users: judged, targets } of [split.validation, split.test]) {
    expect(judged.length).toBeGreaterThan(20);
    expect([...targets.offsets]).toEqual(Array.from({ length: judged.length + 1 }, (_, i) => i));
  }
  expect(randomInteractions(log, { seed: 5 })).toEqual(split);
  expect(randomInteractions(log, { seed: 6 }).test).not.toEqual(split.test);
});

test("where all is tested, a user's target is any but the first interaction, with all before it as history", () => {
  const log = sequencesOf([[7, 8, 9], [5], [], ...Array.from({ length: 40 }, () => [1, 2, 3, 4])]);
  const { train, validation, test } = randomInteractions(log, { validation: 0, test: 1, seed: 1 });
  expect(train.items.length).toBe(0);
  expect(validation.users.length).toBe(0);
  expect([...test.users.subarray(0, 2)]).toEqual([0, 3]);
  const drawn = new Set<number>();
  for (let index = 1; index < test.users.length; index++) {
    const target = itemsAt(test.targets, index)[0]!;
    drawn.add(target);
    expect([...itemsAt(test.history, index)]).toEqual([1, 2, 3, 4].slice(0, target - 1));
  }
  expect([...drawn].sort()).toEqual([2, 3, 4]);
});

test("what trains, what is history and what is to be found are the parts of the user's own sequence", () => {
  // Every item of a user's sequence is another, so that an item tells its place.
  const logs = fc
    .array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 12 })
    .map((lengths) => sequencesOf(lengths.map((length) => Array.from({ length }, (_, i) => i + 1))));
  fc.assert(
    fc.property(logs, fc.nat(), (log, seed) => {
      const split = randomInteractions(log, { validation: 0.3, test: 0.3, seed });
      const trained = Array.from({ length: log.userCount }, (_, user) => [...itemsAt(split.train, user)]);
      split.test.users.forEach((user, index) => {
        const target = itemsAt(split.test.targets, index)[0]!;
        expect(trained[user]).not.toContain(target);
        expect([...itemsAt(split.test.history, index)]).toEqual([...itemsAt(log, user)].slice(0, target - 1));
      });
      split.validation.users.forEach((user, index) => {
        const target = itemsAt(split.validation.targets, index)[0]!;
        const history = [...itemsAt(split.validation.history, index)];
        expect(trained[user]).not.toContain(target);
        expect(history.length).toBeGreaterThan(0);
        expect(history.every((item) => item < target)).toBe(true);
        const tested = split.test.users.indexOf(user);
        if (tested >= 0) expect(history).not.toContain(itemsAt(split.test.targets, tested)[0]);
        // All that trains and came before is known.
        expect(trained[user]!.filter((item) => item < target && !history.includes(item))).toEqual([]);
      });
    }),
  );
});

test("any log is split without loss of a user or an item", () => {
  fc.assert(
    fc.property(anySequences, fc.nat(), (log, seed) => {
      const { train } = randomInteractions(log, { seed });
      expect([train.userCount, train.itemCount]).toEqual([log.userCount, log.itemCount]);
    }),
  );
});

test.each([
  [{ test: 1.5 }, "test is a share from 0 to 1, got 1.5"],
  [{ validation: 0.6, test: 0.6 }, "are more than all interactions"],
])("shares %o are refused", async (shares, message) => {
  expect(await failureOf(() => randomInteractions(sequencesOf([[1, 2]]), { seed: 1, ...shares }))).toContain(message);
});
