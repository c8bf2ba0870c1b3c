/** Keeps the queue of a device short: submissions wait for those before them. */
export interface Pace {
  /** Notes that work has been submitted. */
  submitted(): void;
  /** Resolves when the next submission may follow. */
  turn(): Promise<void>;
  /** Resolves when all submitted work is done. */
  idle(): Promise<void>;
  /** Asks the device for what comes after all submitted work, such as a mapping, and resolves when it is there. */
  until(ask: () => Promise<unknown>): Promise<void>;
}

export function createPace(queue: GPUQueue, software: boolean): Pace {
  return software ? paceOfSoftware(queue) : paceOfHardware(queue);
}

/** One submission runs while the next is made ready; a third waits. */
function paceOfHardware(queue: GPUQueue): Pace {
  const pending: Promise<unknown>[] = [];
  return {
    submitted: () => {
      pending.push(queue.onSubmittedWorkDone());
    },
    async turn() {
      if (pending.length > 1) await pending.shift();
    },
    async idle() {
      await pending.splice(0).at(-1);
    },
    async until(ask) {
      await ask();
      pending.length = 0;
    },
  };
}

/** Shorter waits than this, in ms, are not worth a timer. */
const shortest = 2;

/**
 * While a promise of Dawn is pending, Dawn for Node polls and burns a core, which on a software adapter is a core that the
 * kernels need. So nothing is asked of Dawn until most of the time has passed that the work took before, and from then on
 * it polls once in a while only.
 */
function paceOfSoftware(queue: GPUQueue): Pace {
  let expected = 0;
  let startedAt: number | undefined;
  const until = async (ask: () => Promise<unknown>) => {
    if (startedAt === undefined) return dozeUntil(ask(), performance.now());
    const left = startedAt + 0.9 * expected - performance.now();
    if (left > shortest) await new Promise((resolve) => setTimeout(resolve, left));
    const askedAt = performance.now();
    await dozeUntil(ask(), startedAt);
    const now = performance.now();
    // Work that was done before it was asked for may have been done long before; a stall must not become the rule.
    expected = now - askedAt < 0.3 ? 0.9 * expected : Math.min(now - startedAt, 1.5 * expected + 10);
    startedAt = undefined;
  };
  const idle = async () => {
    if (startedAt !== undefined) await until(() => queue.onSubmittedWorkDone());
  };
  return {
    submitted: () => {
      startedAt ??= performance.now();
    },
    turn: idle,
    idle,
    until,
  };
}

const inNode = typeof process === "object" && process.versions?.node !== undefined;
const bell = inNode ? new Int32Array(new SharedArrayBuffer(4)) : undefined;

/**
 * Waits for a promise of Dawn, which polls in each turn of Node's event loop, with a nap in each turn: 2 % of the time since `start`, from
 * 0.2 to 1 ms. Each poll makes a function that only V8's full collections can free, and those stop everything for as long as a
 * tenth of a second when thousands were made in each.
 */
async function dozeUntil(done: Promise<unknown>, start: number): Promise<void> {
  let waiting = bell !== undefined;
  const doze = () => {
    if (!waiting) return;
    Atomics.wait(bell!, 0, 0, Math.min(1, Math.max(0.2, 0.02 * (performance.now() - start))));
    setImmediate(doze);
  };
  if (waiting) setImmediate(doze);
  try {
    await done;
  } finally {
    waiting = false;
  }
}
