import { expect, test } from "vitest";
import { type PlantedLogOptions, plantedLog } from "../../src/data/planted.ts";
import { countItems, itemsAt } from "../../src/data/sequences.ts";
import { failureOf } from "./files.ts";

const options = { users: 300, items: 400, topics: 20, interestsPerUser: [2, 4], length: [8, 20], seed: 5 } as const;

test("users stay with their planted topics but for the noise, use all of them, and never repeat an item", () => {
  const log = plantedLog({ ...options, noise: 0.1 });
  let astray = 0;
  let interleaved = 0;
  for (let user = 0; user < log.userCount; user++) {
    const items = itemsAt(log, user);
    const interests = log.interestsOfUser[user]!;
    const topics = Array.from(items, (item) => log.topicOfItem[item]!);
    expect(interests.length).toBeGreaterThanOrEqual(2);
    expect(interests.length).toBeLessThanOrEqual(4);
    expect(items.length).toBeGreaterThanOrEqual(8);
    expect(items.length).toBeLessThanOrEqual(20);
    expect(new Set(items).size).toBe(items.length);
    astray += topics.filter((topic) => !interests.includes(topic)).length;
    interleaved += topics.filter((topic, at) => at > 0 && topic !== topics[at - 1]).length;
  }
  expect(astray / log.items.length).toBeGreaterThan(0.05);
  expect(astray / log.items.length).toBeLessThan(0.12);
  expect(interleaved / log.items.length).toBeGreaterThan(0.4);
});

test("ids are dense by frequency, and the tables agree with the sequences", () => {
  const log = plantedLog(options);
  expect([...log.itemCounts]).toEqual([...countItems(log)]);
  expect([...log.itemCounts.slice(1)]).toEqual([...log.itemCounts.slice(1)].sort((a, b) => b - a));
  expect(log.itemCounts.at(-1)).toBeGreaterThan(0);
  expect([log.itemIds.length, log.topicOfItem.length]).toEqual([log.itemCount + 1, log.itemCount + 1]);
  expect(log.itemIds[1]).toMatch(new RegExp(`^topic${log.topicOfItem[1]}-item`));
  expect(log.report.rowsKept).toBe(log.items.length);
});

test("the seed decides everything", () => {
  expect(plantedLog(options)).toEqual(plantedLog(options));
  expect(plantedLog({ ...options, seed: 6 }).items).not.toEqual(plantedLog(options).items);
});

test("a user may use up all topics and then all items", () => {
  const log = plantedLog({
    users: 3,
    items: 6,
    topics: 3,
    interestsPerUser: [1, 1],
    length: [6, 6],
    noise: 0,
    seed: 1,
  });
  expect([...itemsAt(log, 0)].sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each<[Partial<PlantedLogOptions>, string]>([
  [{ users: 0 }, "users is a whole number from 1, got 0"],
  [{ topics: 500 }, "500 topics need as many items, got 400"],
  [{ noise: 2 }, "noise is a share from 0 to 1, got 2"],
  [{ interestsPerUser: [3, 2] }, "interestsPerUser is [least, most] within 1 to 20, got [3, 2]"],
  [{ length: [1, 900] }, "length is [least, most] within 1 to 400, got [1, 900]"],
])("%o is refused", async (changed, message) => {
  expect(await failureOf(() => plantedLog({ ...options, ...changed }))).toBe(`plantedLog: ${message}`);
});
