import { fail } from "../errors.ts";
import { randomStream, shuffle } from "../reference/random.ts";
import { listsNegatives, writeNegatives } from "./listed-negatives.ts";
import { randomStreams } from "./random-streams.ts";
import type { ItemLists, Sequences } from "./sequences.ts";
import type { EvaluationUsers } from "./split.ts";
import { timeBucket } from "./time-buckets.ts";

/** Behaviours of a batch of users: what a model needs to make interests. */
export interface HistoryBatch {
  /** `[batch, length]` item ids, left aligned, oldest first: a user's last `length` items, then 0. */
  readonly history: Uint32Array;
  /** `[batch]` behaviours in each row, at most `length`. */
  readonly lengths: Uint32Array;
  /** `[batch, length]` buckets of the time from each behaviour to the newest, 0 for padding; there for models that see times. */
  readonly times?: Uint32Array | undefined;
}

/** The same memory is filled again for each step. */
export interface TrainingBatch extends HistoryBatch {
  /** `[batch]` the item that came next; 0 in padding rows. */
  readonly targets: Uint32Array;
  /** `[batch]` 1 for a sample, 0 for the padding rows that fill the last, short batch. */
  readonly weights: Float32Array;
  /** `[batch]` user indices; 0 in padding rows. */
  readonly users: Uint32Array;
  /** `[batch, listed]` the negatives of each sample's own list, then 0; there where samples have lists. */
  readonly negatives?: Uint32Array | undefined;
  /** Samples in this batch; the rows from here on are padding. */
  count: number;
}

export interface BatchOptions {
  /** Samples per step. */
  readonly batch: number;
  /** Behaviours per sample. */
  readonly length: number;
  readonly seed: number;
  /** Negatives of a sample's own list at most; samples without a list are then left out. Default: samples have no lists. */
  readonly listed?: number | undefined;
}

/** All samples of a training set, in an order of its own for each epoch. */
export interface Batches {
  readonly sampleCount: number;
  /** Steps of an epoch; the last one may be short. */
  readonly stepsPerEpoch: number;
  /** Samples of a step: `batch`, but in the last one of an epoch. */
  samplesIn(step: number): number;
  /** A batch to be given to `fill` again and again. */
  allocate(): TrainingBatch;
  /** Step `step` (from 0) of epoch `epoch` (from 0): the same bits whatever was filled before, so that training can resume. */
  fill(epoch: number, step: number, into: TrainingBatch): TrainingBatch;
}

/** Memory for `batch` rows of `length` behaviours, and for their times if asked for. */
export function allocateHistory(batch: number, length: number, { times = false } = {}): HistoryBatch {
  return {
    history: new Uint32Array(batch * length),
    lengths: new Uint32Array(batch),
    ...(times && { times: new Uint32Array(batch * length) }),
  };
}

/** Every item after a user's first is the target of a sample. Visits their places in `items`; if `listed`, of those with a list. */
function forEachSample(train: Sequences, listed: boolean, visit: (place: number) => void): void {
  for (let user = 0; user < train.userCount; user++) {
    const end = train.offsets[user + 1]!;
    for (let place = train.offsets[user]! + 1; place < end; place++) {
      if (!listed || listsNegatives(train, place)) visit(place);
    }
  }
}

/** How many samples a training set has; if `listed`, of those that list negatives. */
export function countSamples(train: Sequences, { listed = false } = {}): number {
  let count = 0;
  forEachSample(train, listed, () => count++);
  return count;
}

/** Every item after a user's first is the target of one sample, whose history is what came before it. */
export function createBatches(train: Sequences, options: BatchOptions): Batches {
  const { batch, length, seed, listed } = options;
  for (const [name, value] of Object.entries({ batch, length })) {
    if (!Number.isInteger(value) || value < 1) fail(`createBatches: ${name} is a whole number from 1, got ${value}`);
  }
  const sampleCount = countSamples(train, { listed: listed !== undefined });
  if (sampleCount === 0) fail("no training samples: no user has two interactions to learn from");
  const stepsPerEpoch = Math.ceil(sampleCount / batch);
  // A sample is the place of its target in `train.items`; the user is found from the offsets.
  let order: Uint32Array | undefined;
  let orderedEpoch = -1;

  function arrange(epoch: number): Uint32Array {
    order ??= new Uint32Array(sampleCount);
    if (epoch === orderedEpoch) return order;
    let sample = 0;
    forEachSample(train, listed !== undefined, (place) => {
      order![sample++] = place;
    });
    shuffle(order, randomStream(seed, randomStreams.epochOrder + epoch));
    orderedEpoch = epoch;
    return order;
  }

  const samplesIn = (step: number) => Math.min(batch, sampleCount - step * batch);

  return {
    sampleCount,
    stepsPerEpoch,
    samplesIn,
    allocate: () => ({
      ...allocateHistory(batch, length),
      targets: new Uint32Array(batch),
      weights: new Float32Array(batch),
      users: new Uint32Array(batch),
      ...(listed !== undefined && { negatives: new Uint32Array(batch * listed) }),
      count: 0,
    }),
    fill(epoch, step, into) {
      if (!(step >= 0 && step < stepsPerEpoch)) fail(`batch ${step} of an epoch of ${stepsPerEpoch} steps`);
      const order = arrange(epoch);
      const first = step * batch;
      const count = samplesIn(step);
      into.count = count;
      into.weights.fill(1, 0, count).fill(0, count);
      into.targets.fill(0, count);
      into.users.fill(0, count);
      for (let row = 0; row < batch; row++) {
        const place = row < count ? order[first + row]! : undefined;
        if (listed !== undefined) writeNegatives(train, place, row, listed, into.negatives!);
        if (place === undefined) {
          writeHistory(train, 0, 0, row, length, into);
          continue;
        }
        const user = listOf(train, place);
        into.users[row] = user;
        into.targets[row] = train.items[place]!;
        writeHistory(train, train.offsets[user]!, place, row, length, into);
      }
      return into;
    },
  };
}

/** Histories of the evaluated users `from` to `from + count` into the first rows of a batch; rows that are left are empty. */
export function historyBatch(
  evaluated: EvaluationUsers,
  from: number,
  count: number,
  length: number,
  into: HistoryBatch,
): HistoryBatch {
  const rows = into.lengths.length;
  if (count > rows || into.history.length !== rows * length) {
    fail(`historyBatch: ${count} users of ${length} items do not fit in [${rows}, ${into.history.length / rows}]`);
  }
  const { offsets } = evaluated.history;
  for (let row = 0; row < rows; row++) {
    const used = row < count && from + row < evaluated.users.length;
    const start = used ? offsets[from + row]! : 0;
    const end = used ? offsets[from + row + 1]! : 0;
    writeHistory(evaluated.history, start, end, row, length, into);
  }
  return into;
}

/** Writes the last `length` of `items[start..end)` to a row, zeros after them. */
function writeHistory(lists: ItemLists, start: number, end: number, row: number, length: number, into: HistoryBatch) {
  const { items } = lists;
  const from = Math.max(start, end - length);
  const at = row * length;
  for (let index = 0; index < length; index++) {
    into.history[at + index] = from + index < end ? items[from + index]! : 0;
  }
  into.lengths[row] = end - from;
  if (into.times === undefined) return;
  const times = lists.times ?? fail(noTimes);
  const newest = times[end - 1]!;
  for (let index = 0; index < length; index++) {
    into.times[at + index] = from + index < end ? timeBucket(newest - times[from + index]!) : 0;
  }
}

const noTimes =
  "the model sees the times of behaviours (--times learned), and this log has none: name their column with --time, or take --times none";

/** The list that holds `items[place]`: the last whose offset is not beyond it, by bisection. */
function listOf({ offsets }: ItemLists, place: number): number {
  let low = 0;
  let high = offsets.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (offsets[middle]! <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}
