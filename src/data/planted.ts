import { fail } from "../errors.ts";
import { randomStream } from "../reference/random.ts";
import type { InteractionLog } from "./log.ts";
import { randomStreams } from "./random-streams.ts";
import { concatenateLists } from "./sequences.ts";

export interface PlantedLogOptions {
  /** Default 2000. */
  readonly users?: number;
  /** Spread evenly over the topics. Default 2000. */
  readonly items?: number;
  /** More topics than a model has dimensions make the mean of a user's topics a poor query. Default 100. */
  readonly topics?: number;
  /** Least and most topics of a user. Default [2, 4]. */
  readonly interestsPerUser?: readonly [number, number];
  /** Least and most interactions of a user. Default [12, 30]. */
  readonly length?: readonly [number, number];
  /** Share of interactions with an item of any topic. Default 0.05. */
  readonly noise?: number;
  readonly seed: number;
}

/** A log with the truth that made it. */
export interface PlantedLog extends InteractionLog {
  /** `[itemCount + 1]` topics from 0; `[0]`, no item, is 0. */
  readonly topicOfItem: Uint32Array;
  /** `[userCount]` each user's topics, ascending. */
  readonly interestsOfUser: readonly Uint32Array[];
}

/** Popularity within a topic falls as 1 / rank^exponent: mild, so that knowing the topic is worth more than knowing its hits. */
const popularityExponent = 0.5;

/**
 * A generated log whose users have planted, known interests. Each user gets a few topics; each interaction is with an
 * item that the user has not had, of one of these topics, chosen anew each time: the past tells all the topics, and
 * never which is next. A query must be near several unrelated topics at once, which one vector cannot be.
 */
export function plantedLog(options: PlantedLogOptions): PlantedLog {
  const { users = 2000, items = 2000, topics = 100, noise = 0.05, seed } = options;
  const { interestsPerUser = [2, 4], length = [12, 30] } = options;
  checkOptions({ users, items, topics, noise, interestsPerUser, length });
  const stream = randomStream(seed, randomStreams.plantedLog);
  let draws = 0;
  const below = (bound: number) => stream.below(bound, draws++);
  const between = ([least, most]: readonly [number, number]) => least + below(most - least + 1);

  // Before ranking, item `i` belongs to topic `i % topics` and is number `floor(i / topics)` of it.
  const cumulative = cumulativePopularity(Math.ceil(items / topics));
  const sizeOf = (topic: number) => Math.ceil((items - topic) / topics);
  const itemOf = (topic: number) => {
    const size = sizeOf(topic);
    const wanted = stream.uniform(draws++) * cumulative[size - 1]!;
    return cumulative.findIndex((sum) => sum > wanted) * topics + topic;
  };

  const interestsOfUser: Uint32Array[] = [];
  const sequences: number[][] = [];
  for (let user = 0; user < users; user++) {
    const interests = chooseDistinct(between(interestsPerUser), topics, below);
    const seen = new Set<number>();
    const wanted = between(length);
    while (seen.size < wanted) {
      const open = Array.from(interests).filter((topic) => !isExhausted(topic, sizeOf(topic), topics, seen));
      const anyItem = open.length === 0 || stream.uniform(draws++) < noise;
      seen.add(anyItem ? below(items) : itemOf(open[below(open.length)]!));
    }
    interestsOfUser.push(interests);
    sequences.push([...seen]);
  }
  return { ...rankByFrequency(sequences, items, topics), interestsOfUser };
}

function checkOptions(options: Required<Omit<PlantedLogOptions, "seed">>): void {
  const { users, items, topics, noise, interestsPerUser, length } = options;
  for (const [name, value] of Object.entries({ users, items, topics })) {
    if (!Number.isInteger(value) || value < 1) fail(`plantedLog: ${name} is a whole number from 1, got ${value}`);
  }
  if (topics > items) fail(`plantedLog: ${topics} topics need as many items, got ${items}`);
  if (!(noise >= 0 && noise <= 1)) fail(`plantedLog: noise is a share from 0 to 1, got ${noise}`);
  for (const [name, [least, most], limit] of [
    ["interestsPerUser", interestsPerUser, topics],
    ["length", length, items],
  ] as const) {
    if (!(Number.isInteger(least) && Number.isInteger(most) && least >= 1 && least <= most && most <= limit)) {
      fail(`plantedLog: ${name} is [least, most] within 1 to ${limit}, got [${least}, ${most}]`);
    }
  }
}

function cumulativePopularity(size: number): Float64Array {
  const cumulative = new Float64Array(size);
  let sum = 0;
  for (let rank = 0; rank < size; rank++) {
    sum += (rank + 1) ** -popularityExponent;
    cumulative[rank] = sum;
  }
  return cumulative;
}

function chooseDistinct(count: number, bound: number, below: (bound: number) => number): Uint32Array {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(below(bound));
  return Uint32Array.from(chosen).sort();
}

function isExhausted(topic: number, size: number, topics: number, seen: ReadonlySet<number>): boolean {
  for (let rank = 0; rank < size; rank++) if (!seen.has(rank * topics + topic)) return false;
  return true;
}

/** Gives the items that occur their dense ids, by the rule of {@link Sequences}. */
function rankByFrequency(sequences: number[][], items: number, topics: number): Omit<PlantedLog, "interestsOfUser"> {
  const counts = new Uint32Array(items);
  const byFirstUse = new Set<number>();
  for (const item of sequences.flat()) {
    counts[item] = counts[item]! + 1;
    byFirstUse.add(item);
  }
  const ranked = [...byFirstUse].sort((a, b) => counts[b]! - counts[a]!);
  const idOf = new Uint32Array(items);
  ranked.forEach((item, rank) => {
    idOf[item] = rank + 1;
  });
  const lists = concatenateLists(sequences.map((sequence) => sequence.map((item) => idOf[item]!)));
  return {
    ...lists,
    userCount: sequences.length,
    itemCount: ranked.length,
    userIds: sequences.map((_, user) => `user${user + 1}`),
    itemIds: ["", ...ranked.map((item) => `topic${item % topics}-item${Math.floor(item / topics)}`)],
    itemCounts: Uint32Array.from([0, ...ranked.map((item) => counts[item]!)]),
    topicOfItem: Uint32Array.from([0, ...ranked.map((item) => item % topics)]),
    report: {
      rowsRead: lists.items.length,
      rowsKept: lists.items.length,
      dropped: [],
      itemsBelowMinimum: 0,
      usersBelowMinimum: 0,
      rowsBelowMinimum: 0,
    },
  };
}
