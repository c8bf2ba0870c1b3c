import fc from "fast-check";
import { expect, test } from "vitest";
import { allocateHistory, createBatches, historyBatch, type TrainingBatch } from "../../src/data/batches.ts";
import { itemsAt, type Sequences } from "../../src/data/sequences.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { failureOf } from "./files.ts";
import { anySequences, sequencesOf } from "./sequences.ts";

const sentinel = 4_000_000_000;
const spoil = (batch: TrainingBatch) => {
  for (const array of [batch.history, batch.lengths, batch.targets, batch.users, batch.weights]) array.fill(sentinel);
  return batch;
};

/** Each sample as text: user, the last `length` items before the target, target. */
function samplesByDefinition(train: Sequences, length: number): string[] {
  const samples: string[] = [];
  for (let user = 0; user < train.userCount; user++) {
    const items = itemsAt(train, user);
    for (let at = 1; at < items.length; at++) {
      samples.push(`${user}: ${[...items.subarray(Math.max(0, at - length), at)]} -> ${items[at]}`);
    }
  }
  return samples.sort();
}

const options = fc.record({
  batch: fc.integer({ min: 1, max: 9 }),
  length: fc.integer({ min: 1, max: 6 }),
  seed: fc.nat(),
});

test("an epoch is every sample of the definition exactly once, and its last batch is padded with nothing", () => {
  fc.assert(
    fc.property(anySequences, options, fc.nat({ max: 5 }), (train, { batch, length, seed }, epoch) => {
      const wanted = samplesByDefinition(train, length);
      fc.pre(wanted.length > 0);
      const batches = createBatches(train, { batch, length, seed });
      expect([batches.sampleCount, batches.stepsPerEpoch]).toEqual([wanted.length, Math.ceil(wanted.length / batch)]);
      const into = batches.allocate();
      const found: string[] = [];
      for (let step = 0; step < batches.stepsPerEpoch; step++) {
        batches.fill(epoch, step, spoil(into));
        for (let row = 0; row < batch; row++) {
          const history = into.history.subarray(row * length, (row + 1) * length);
          const used = row < into.count;
          expect(into.weights[row]).toBe(used ? 1 : 0);
          expect([...history.subarray(into.lengths[row])]).toEqual(Array(length - into.lengths[row]!).fill(0));
          if (used)
            found.push(`${into.users[row]}: ${[...history.subarray(0, into.lengths[row])]} -> ${into.targets[row]}`);
          else expect([into.lengths[row], into.targets[row], into.users[row]]).toEqual([0, 0, 0]);
        }
      }
      expect(found.sort()).toEqual(wanted);
    }),
  );
});

test("a batch depends on seed, epoch and step alone, so that training resumes with the same bits", () => {
  const train = sequencesOf(
    Array.from({ length: 30 }, (_, user) => Array.from({ length: 8 }, (_, at) => 1 + ((user + at) % 9))),
  );
  const make = (seed = 1) => createBatches(train, { batch: 16, length: 4, seed });
  const straight = make();
  const into = straight.allocate();
  for (const epoch of [0, 1])
    for (let step = 0; step < straight.stepsPerEpoch; step++) straight.fill(epoch, step, into);
  const wanted = structuredClone(straight.fill(1, 5, into));
  const resumed = make();
  expect(resumed.fill(1, 5, spoil(resumed.allocate()))).toEqual(wanted);
  expect(resumed.fill(0, 5, resumed.allocate())).not.toEqual(wanted);
  expect(make(2).fill(1, 5, into)).not.toEqual(wanted);
});

test("an evaluated user's last behaviours fill a row, and rows that are left are empty", () => {
  const { test: evaluated } = leaveOneOut(
    sequencesOf([
      [1, 2, 3, 4, 5],
      [6, 7, 8],
    ]),
  );
  const into = allocateHistory(3, 3);
  into.history.fill(sentinel);
  into.lengths.fill(sentinel);
  historyBatch(evaluated, 0, 2, 3, into);
  expect([...into.history]).toEqual([2, 3, 4, 6, 7, 0, 0, 0, 0]);
  expect([...into.lengths]).toEqual([3, 2, 0]);
  historyBatch(evaluated, 1, 3, 3, into);
  expect([...into.lengths]).toEqual([2, 0, 0]);
});

test("what cannot be batched is refused", async () => {
  const create = (lists: number[][], batch = 2) => createBatches(sequencesOf(lists), { batch, length: 2, seed: 1 });
  expect(await failureOf(() => create([[1], []]))).toBe(
    "no training samples: no user has two interactions to learn from",
  );
  expect(await failureOf(() => create([[1, 2]], 0))).toBe("createBatches: batch is a whole number from 1, got 0");
  const batches = create([[1, 2]]);
  expect(await failureOf(() => batches.fill(0, 1, batches.allocate()))).toBe("batch 1 of an epoch of 1 steps");
  const { test: evaluated } = leaveOneOut(sequencesOf([[1, 2, 3]]));
  expect(await failureOf(() => historyBatch(evaluated, 0, 3, 2, allocateHistory(2, 2)))).toContain(
    "do not fit in [2, 2]",
  );
});

test("times of a history are buckets of the time to its newest behaviour, and padding has none", () => {
  const times = Float64Array.of(100, 100, 107, 1, 2);
  const lists = { offsets: Uint32Array.of(0, 3, 5), items: Uint32Array.of(1, 2, 3, 4, 5), times };
  const users = { users: Uint32Array.of(0, 1), history: lists, targets: lists };
  const { history, lengths, times: buckets } = historyBatch(users, 0, 2, 4, allocateHistory(3, 4, { times: true }));
  expect([...history]).toEqual([1, 2, 3, 0, 4, 5, 0, 0, 0, 0, 0, 0]);
  expect([...lengths]).toEqual([3, 2, 0]);
  expect([...buckets!]).toEqual([4, 4, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
});

test("a history without times is refused where times are asked for", async () => {
  const lists = { offsets: Uint32Array.of(0, 1), items: Uint32Array.of(1) };
  const users = { users: Uint32Array.of(0), history: lists, targets: lists };
  const into = allocateHistory(1, 2, { times: true });
  expect(await failureOf(() => historyBatch(users, 0, 1, 2, into))).toBe(
    "the model sees the times of behaviours (--times learned), and this log has none: name their column with --time, or take --times none",
  );
});
