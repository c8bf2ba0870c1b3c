import { z } from "zod";
import { randomInteractions } from "../data/random-split.ts";
import type { Sequences } from "../data/sequences.ts";
import { leaveOneOut, type Split, shareOfUsers } from "../data/split.ts";
import { globalTime, timeBoundaries } from "../data/time-split.ts";
import { fail } from "../errors.ts";
import { isRecord } from "../storage/json.ts";

/** Who is judged by what, and who trains: the numbers of each protocol, with their defaults. */
export const protocols = {
  /** Each user's last item. */
  "leave-one-out": {},
  /** MIND's: one of each user's interactions among a random share of all. */
  random: { validationShare: 0.05, testShare: 0.05 },
  /** ComiRec's: all but the first part of the items of some users. */
  users: { validationShare: 0.1, testShare: 0.1, historyShare: 0.8 },
  /** What happens after a moment, the same for all users; the moments follow from the shares unless given. */
  time: { validationShare: 0.1, testShare: 0.1, validationFrom: undefined, testFrom: undefined },
} as const;

export const protocolNames = Object.keys(protocols) as [keyof typeof protocols];

const share = z.number().min(0).max(1);

/** Who is judged by what; numbers that are missing are those of {@link protocols}. */
export interface Protocol {
  readonly protocol: keyof typeof protocols;
  /** Shares of the interactions, the users or the time to validate and to test on. */
  readonly validationShare?: number | undefined;
  readonly testShare?: number | undefined;
  /** First part of a tested user's items; the rest is to be found. */
  readonly historyShare?: number | undefined;
  /** Times in the units of the log, as is `testFrom`. */
  readonly validationFrom?: number | undefined;
  readonly testFrom?: number | undefined;
}

export const protocolSchema = {
  protocol: z.enum(protocolNames),
  validationShare: share.optional(),
  testShare: share.optional(),
  historyShare: share.optional(),
  validationFrom: z.number().optional(),
  testFrom: z.number().optional(),
} satisfies Record<keyof Protocol, z.ZodType>;

export type ProtocolNumber = Exclude<keyof Protocol, "protocol">;

/** A protocol with every number that it goes by, as given or else by default. */
export function completeProtocol(log: Sequences, given: Protocol): Protocol {
  const { protocol } = given;
  const numbers: Partial<Record<ProtocolNumber, number>> = { ...protocols[protocol] };
  for (const key of Object.keys(numbers) as ProtocolNumber[]) numbers[key] = given[key] ?? numbers[key];
  if (protocol !== "time") return { protocol, ...numbers };
  const { validationShare: validation, testShare: test, validationFrom, testFrom } = numbers;
  if (validationFrom === undefined && testFrom === undefined) {
    return { protocol, ...numbers, ...timeBoundaries(log, { validation, test }) };
  }
  if (validationFrom === undefined || testFrom === undefined) {
    fail("the time protocol takes both moments, validationFrom and testFrom, or neither");
  }
  return { protocol, ...numbers };
}

/** Whether the seed decides who is judged. */
export const drawsByChance = (protocol: Protocol["protocol"]): boolean => protocol === "random" || protocol === "users";

/** Splits a log; the seed makes the choices of the protocols that draw. */
export function splitLog(log: Sequences, given: Protocol, seed: number): Split {
  const complete = completeProtocol(log, given);
  const { protocol, validationShare: validation, testShare: test, historyShare, validationFrom, testFrom } = complete;
  switch (protocol) {
    case "leave-one-out":
      return leaveOneOut(log);
    case "random":
      return randomInteractions(log, { validation, test, seed });
    case "users":
      return shareOfUsers(log, { validation, test, historyShare, seed });
    case "time":
      return globalTime(log, { validationFrom: validationFrom!, testFrom: testFrom! });
  }
}

/** Splits as {@link splitLog} does, a log once for each way: the trainings of one command share what comes of it. */
export function splittingOnce(): typeof splitLog {
  const known = new WeakMap<Sequences, Map<string, Split>>();
  return (log, given, seed) => {
    const splits = known.get(log) ?? new Map<string, Split>();
    known.set(log, splits);
    const complete = completeProtocol(log, given);
    const key = JSON.stringify([complete, drawsByChance(complete.protocol) && seed]);
    const split = splits.get(key) ?? splitLog(log, complete, seed);
    splits.set(key, split);
    return split;
  };
}

/** The protocol of a training with what differs in judging: numbers hold for the protocol they were made for alone. */
export function judgingProtocol(trained: Protocol, given: Partial<Protocol>): Protocol {
  if (given.protocol !== undefined && given.protocol !== trained.protocol)
    return { ...given, protocol: given.protocol };
  const sharesGiven = given.validationShare !== undefined || given.testShare !== undefined;
  // The moments follow from the shares.
  const { validationFrom, testFrom, ...rest } = trained;
  return sharesGiven ? { ...rest, ...given } : { ...trained, ...given };
}

/** Folders of earlier versions say `split` where these say `protocol`, and keep shares with leave-one-out, which has none. */
export function readOlderProtocol(data: unknown): unknown {
  if (!isRecord(data) || !("split" in data)) return data;
  const { split, validationShare, testShare, historyShare, ...rest } = data;
  if (split !== "share-of-users") return { ...rest, protocol: split };
  return { ...rest, protocol: "users", validationShare, testShare, historyShare };
}
