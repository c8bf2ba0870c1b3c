import type { EvaluationUsers } from "../data/split.ts";
import { fail } from "../errors.ts";
import { type Protocol, type ProtocolNumber, protocolNames, protocolSchema, protocols } from "../training/protocol.ts";
import { toFlags } from "./data-options.ts";
import { flagOf, showValue } from "./options.ts";

/** The protocols that have a number, with its defaults: "random .05, users .1". */
const usedBy = (key: ProtocolNumber): string =>
  protocolNames
    .flatMap((name) => {
      const numbers: Partial<Record<ProtocolNumber, number | undefined>> = protocols[name];
      return key in numbers ? [`${name} ${numbers[key] ?? ""}`.trim()] : [];
    })
    .join(", ");

const protocolDescriptions: Readonly<Record<string, readonly [string, string]>> = {
  protocol: [
    "name",
    "leave-one-out: each user's last item is the test; random: one of a user's interactions among a random share of all (MIND); users: the last items of some users (ComiRec); time: what happens after a moment",
  ],
  validationShare: ["share", `share to validate on (${usedBy("validationShare")})`],
  testShare: ["share", `share to test on (${usedBy("testShare")})`],
  historyShare: ["share", `first part of a tested user's items, the rest is to be found (${usedBy("historyShare")})`],
  validationFrom: ["time", `validation begins at this time, a number as in the log (${usedBy("validationFrom")})`],
  testFrom: ["time", `and the test at this one; by default the shares say when (${usedBy("testFrom")})`],
};

export const protocolFlags = toFlags(protocolDescriptions);

/** Fails on numbers that the protocol does not have. */
export function checkProtocol(given: Protocol): void {
  const numbers = Object.keys(protocols[given.protocol]);
  for (const key of Object.keys(protocolSchema) as (keyof Protocol)[]) {
    if (key === "protocol" || given[key] === undefined || numbers.includes(key)) continue;
    const known = numbers.length > 0 ? `it goes by ${numbers.map(flagOf).join(", ")}` : "it has no numbers";
    fail(`${flagOf(key)} ${showValue(given[key])}: ${known} in the protocol ${given.protocol}; leave it out`);
  }
}

/** Why a split may leave nobody to judge, for each protocol. */
const nobodyJudged: Readonly<Record<Protocol["protocol"], string>> = {
  "leave-one-out": "needs users with 3 interactions",
  random: "needs shares above 0 and users with 2 interactions",
  users: "needs shares above 0 and users with 2 interactions",
  time: "needs users with interactions on both sides of each moment",
};

/** Fails if there is nobody to judge. */
export function requireUsers({ users }: EvaluationUsers, { protocol }: Protocol): void {
  if (users.length === 0) fail(`no user can be judged: the protocol ${protocol} ${nobodyJudged[protocol]}`);
}
