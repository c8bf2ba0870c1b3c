import { describe, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { concatenateLists } from "../../src/data/sequences.ts";
import {
  completeProtocol,
  judgingProtocol,
  type Protocol,
  protocolNames,
  readOlderProtocol,
  splitLog,
  splittingOnce,
} from "../../src/training/protocol.ts";

const planted = plantedLog({ users: 40, items: 60, topics: 6, length: [8, 14], seed: 4 });
const log = { ...planted, times: Float64Array.from(planted.items, (_, place) => 1000 + ((place * 7) % 500)).sort() };

describe("a protocol", () => {
  test("goes by its own numbers, as given or by default", () => {
    expect(completeProtocol(log, { protocol: "leave-one-out", testShare: 0.5 })).toEqual({ protocol: "leave-one-out" });
    expect(completeProtocol(log, { protocol: "random" })).toEqual({
      protocol: "random",
      validationShare: 0.05,
      testShare: 0.05,
    });
    expect(completeProtocol(log, { protocol: "users", historyShare: 0.5 })).toEqual({
      protocol: "users",
      validationShare: 0.1,
      testShare: 0.1,
      historyShare: 0.5,
    });
  });

  test("of time finds its moments in the log, unless they are given", () => {
    const tiny = {
      userCount: 1,
      itemCount: 9,
      ...concatenateLists([[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]]),
      times: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    };
    const shares = { validationShare: 0.25, testShare: 0.25 };
    expect(completeProtocol(tiny, { protocol: "time", ...shares })).toEqual({
      protocol: "time",
      ...shares,
      validationFrom: 6,
      testFrom: 8,
    });
    const moments = { validationFrom: 2, testFrom: 4 };
    expect(completeProtocol(tiny, { protocol: "time", ...moments })).toMatchObject(moments);
    expect(() => completeProtocol(tiny, { protocol: "time", testFrom: 4 })).toThrow("takes both moments");
  });

  test.each(protocolNames)("%s, kept complete, splits as it did", (protocol) => {
    const split = splitLog(log, { protocol }, 3);
    expect(splitLog(log, completeProtocol(log, { protocol }), 3)).toEqual(split);
    expect(split.test.users.length).toBeGreaterThan(0);
    expect(split.validation.users.length).toBeGreaterThan(0);
  });
});

/** The time of every item of a planted log, told by the item itself. */
const told = { ...planted, times: Float64Array.from(planted.items, (item) => item) };

test.each(["leave-one-out", "random", "users"] as const)("%s keeps each interaction with its time", (protocol) => {
  const { train, validation, test: tested } = splitLog(told, { protocol }, 3);
  for (const lists of [train, validation.history, validation.targets, tested.history, tested.targets]) {
    expect(lists.items.length).toBeGreaterThan(0);
    expect([...lists.times!]).toEqual([...lists.items]);
  }
});

test("time keeps each interaction with its time", () => {
  const { train, test: tested } = splitLog(log, { protocol: "time" }, 3);
  for (const lists of [train, tested.history, tested.targets]) {
    lists.items.forEach((item, i) => {
      const itemsThen = log.items.filter((_, place) => log.times[place] === lists.times![i]);
      expect(itemsThen).toContain(item);
    });
  }
});

describe("judging", () => {
  const trained: Protocol = { protocol: "time", validationShare: 0.1, testShare: 0.1, validationFrom: 6, testFrom: 8 };
  // biome-ignore format: a case a line
  const cases: { name: string; given: Partial<Protocol>; want: Protocol }[] = [
    { name: "the trained protocol", given: {}, want: trained },
    { name: "another moment", given: { testFrom: 7 }, want: { ...trained, testFrom: 7 } },
    { name: "other shares, from which the moments follow", given: { testShare: 0.2 }, want: { protocol: "time", validationShare: 0.1, testShare: 0.2 } },
    { name: "another protocol by its own numbers", given: { protocol: "users" }, want: { protocol: "users" } },
  ];
  test.each(cases)("by $name", ({ given, want }) => {
    expect(judgingProtocol(trained, given)).toEqual(want);
  });
});

test("folders of earlier versions are read", () => {
  const shares = { validationShare: 0.1, testShare: 0.2, historyShare: 0.8 };
  const rest = { inFileOrder: true };
  expect(readOlderProtocol({ split: "leave-one-out", ...shares, ...rest })).toEqual({
    protocol: "leave-one-out",
    ...rest,
  });
  expect(readOlderProtocol({ split: "share-of-users", ...shares, ...rest })).toEqual({
    protocol: "users",
    ...shares,
    ...rest,
  });
  const today = { protocol: "random", ...shares };
  expect(readOlderProtocol(today)).toBe(today);
});

describe("splits of one command", () => {
  const split = splittingOnce();

  test.each(protocolNames)("%s is made once, and anew for another seed where that decides", (protocol) => {
    const first = split(log, { protocol }, 1);
    expect(first).toEqual(splitLog(log, { protocol }, 1));
    expect(split(log, { protocol }, 1)).toBe(first);
    const second = split(log, { protocol }, 2);
    expect(second).toEqual(splitLog(log, { protocol }, 2));
    expect(second === first).toBe(protocol === "leave-one-out" || protocol === "time");
  });

  test("are others for other shares and for another log", () => {
    const first = split(log, { protocol: "random" }, 1);
    expect(split(log, { protocol: "random", testShare: 0.1 }, 1)).not.toBe(first);
    expect(split({ ...log }, { protocol: "random" }, 1)).not.toBe(first);
  });
});
