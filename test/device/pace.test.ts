import { expect, test } from "vitest";
import { createPace } from "../../src/device/pace.ts";

/** A queue whose work takes `milliseconds` from each submission; it remembers when it was last asked, and polls as Dawn for Node does. */
function fakeQueue() {
  const state = { milliseconds: 0, submittedAt: 0, askedAfter: 0, polls: 0 };
  const passed = () => performance.now() - state.submittedAt;
  const queue = {
    onSubmittedWorkDone() {
      state.askedAfter = passed();
      state.polls = 0;
      return new Promise<void>((resolve) => {
        const poll = () => {
          state.polls++;
          if (passed() < state.milliseconds) setImmediate(poll);
          else resolve();
        };
        setImmediate(poll);
      });
    },
  } as unknown as GPUQueue;
  const pace = createPace(queue, true);
  const submit = () => {
    state.submittedAt = performance.now();
    pace.submitted();
  };
  return { state, pace, submit, ask: () => queue.onSubmittedWorkDone() };
}

test("nobody waits before anything was submitted", async () => {
  const { state, pace } = fakeQueue();
  await pace.turn();
  await pace.idle();
  expect(state.askedAfter).toBe(0);
});

test("a software adapter is not asked before most of the expected time has passed", async () => {
  const { state, pace, submit } = fakeQueue();
  state.milliseconds = 60;
  for (let round = 0; round < 6; round++) {
    submit();
    await pace.turn();
  }
  expect(state.askedAfter).toBeGreaterThan(30);
});

test("the cores of a software adapter are left alone while it is waited for", async () => {
  const { state, pace, submit } = fakeQueue();
  state.milliseconds = 200;
  submit();
  await pace.turn();
  // The first wait, before any time is known: 200 of 1 ms and a hundred shorter ones; without naps there are 100,000.
  expect(state.polls).toBeGreaterThan(2);
  expect(state.polls).toBeLessThan(1000);
});

test("a short wait, too, is polled now and then only", async () => {
  const { state, pace, submit, ask } = fakeQueue();
  state.milliseconds = 4;
  submit();
  await pace.until(ask);
  expect(performance.now() - state.submittedAt).toBeGreaterThanOrEqual(4);
  // 20 naps of 0.2 ms; without them there are thousands of polls.
  expect(state.polls).toBeLessThan(30);
});

test("what is asked for when all work is done is there at once", async () => {
  const { state, pace, submit, ask } = fakeQueue();
  submit();
  await pace.idle();
  await pace.until(ask);
  expect(state.polls).toBe(1);
});

test("a stall does not become the rule", async () => {
  const { state, pace, submit } = fakeQueue();
  for (const milliseconds of [5, 5, 600]) {
    state.milliseconds = milliseconds;
    submit();
    await pace.turn();
  }
  state.milliseconds = 5;
  submit();
  const start = performance.now();
  await pace.turn();
  expect(performance.now() - start).toBeLessThan(300);
});
