import { expect, test } from "vitest";
import { createBatcher } from "../../src/service/batcher.ts";

/** Doubles numbers, one batch at each call of `release`. */
function heldBack() {
  const batches: (readonly number[])[] = [];
  const held: (() => void)[] = [];
  const answer = async (questions: readonly number[]) => {
    batches.push(questions);
    await new Promise<void>((resolve) => held.push(resolve));
    return questions.map((question) => 2 * question);
  };
  const release = async () => {
    held.shift()!();
    await new Promise(setImmediate);
  };
  return { answer, batches, release };
}

const patience = { batchSize: 3, batchWait: 5, queue: 100 };

test("questions that arrive together are answered together, each with its own answer", async () => {
  const { answer, batches, release } = heldBack();
  const sizes: number[] = [];
  const batcher = createBatcher(answer, { ...patience, onBatch: (size) => sizes.push(size) });
  const asked = [1, 2, 3, 4].map((question) => batcher.ask(question));
  expect(batches).toEqual([[1, 2, 3]]);
  const late = batcher.ask(5);
  expect(batcher.waiting).toBe(2);
  await release();
  expect(batches).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
  await release();
  expect(await Promise.all([...asked, late])).toEqual([2, 4, 6, 8, 10]);
  expect(sizes).toEqual([3, 2]);
  expect(batcher.waiting).toBe(0);
});

test("a lone question waits for others, but not for long", async () => {
  const begin = performance.now();
  const batcher = createBatcher(async (questions: readonly number[]) => questions, { ...patience, batchWait: 30 });
  expect(await batcher.ask(7)).toBe(7);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(28);
  const { answer, batches } = heldBack();
  createBatcher(answer, { ...patience, batchWait: 0 }).ask(1);
  expect(batches).toEqual([[1]]);
});

test("where too many wait, the next one is refused; those in the queue are answered", async () => {
  const { answer, release } = heldBack();
  const batcher = createBatcher(answer, { batchSize: 1, batchWait: 0, queue: 2 });
  const asked = [1, 2, 3].map((question) => batcher.ask(question));
  await expect(batcher.ask(4)).rejects.toMatchObject({
    status: 429,
    message: expect.stringMatching(/^2 requests wait/),
  });
  for (const _ of asked) await release();
  expect(await Promise.all(asked)).toEqual([2, 4, 6]);
});

test("a batch that fails fails its own questions only", async () => {
  const batcher = createBatcher(
    async (questions: readonly number[]) => {
      if (questions.includes(13)) throw new Error("13");
      return questions;
    },
    { ...patience, batchSize: 2 },
  );
  const outcomes = await Promise.allSettled([1, 13, 2, 3].map((question) => batcher.ask(question)));
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled", "fulfilled"]);
});

test("who goes away while waiting is not answered, and holds nobody up", async () => {
  const { answer, batches, release } = heldBack();
  const batcher = createBatcher(answer, { ...patience, batchSize: 1 });
  const gone = [new AbortController(), new AbortController()];
  const first = batcher.ask(1, gone[0]!.signal);
  const second = batcher.ask(2, gone[1]!.signal);
  const third = batcher.ask(3);
  for (const controller of gone) controller.abort(new Error("gone"));
  await expect(first).rejects.toThrow("gone");
  await expect(second).rejects.toThrow("gone");
  await release();
  await release();
  expect(await third).toBe(6);
  expect(batches).toEqual([[1], [3]]);
  await expect(batcher.ask(4, AbortSignal.abort(new Error("gone before")))).rejects.toThrow("gone before");
});
