import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Hit, Query } from "../../src/retrieval/item-index.ts";
import { fingerprintOf, type ItemVectors } from "../../src/retrieval/item-vectors.ts";
import {
  collectionName,
  connectQdrant,
  isOwnCollection,
  isQdrantUrl,
  parseQdrantUrl,
} from "../../src/retrieval/qdrant.ts";
import { openQdrantIndex } from "../../src/retrieval/qdrant-index.ts";
import { pushToQdrant } from "../../src/retrieval/qdrant-push.ts";
import { exactSearch } from "../support/exact-search.ts";
import { normals } from "../support/op.ts";
import { startQdrantStandIn } from "../support/qdrant-stand-in.ts";

const itemCount = 400;
const dimension = 6;
const itemIds = ["", ...Array.from({ length: itemCount }, (_, i) => `item ${i + 1}`)];

function vectorsOf(seed: number, count = itemCount): ItemVectors {
  return { itemCount: count, dimension, values: normals([count + 1, dimension], seed).data as Float32Array };
}

const queryOf = (count: number, seed: number) => normals([count, dimension], seed).data as Float32Array;
const itemsOf = (hits: readonly Hit[]) => hits.map(({ item }) => item);

let standIn: Awaited<ReturnType<typeof startQdrantStandIn>>;
beforeAll(async () => {
  standIn = await startQdrantStandIn();
});
afterEach(() => standIn.fail(() => undefined));
afterAll(() => standIn.stop());

const real = process.env["QDRANT_URL"]?.replace(/\/$/, "");
if (!real) console.log("skipped: the searches of a real Qdrant, which QDRANT_URL=http://host:6333 names");

// The stand-in is exact, so that what fails with a real server alone is a matter of its API.
describe.each([
  { server: "a stand-in", address: (name: string) => `http://${standIn.host}/${name}` },
  ...(real ? [{ server: "QDRANT_URL", address: (name: string) => `${real}/${name}` }] : []),
])("with $server", ({ address }) => {
  const used: string[] = [];
  const urlOf = (name: string) => {
    used.push(name);
    return address(name);
  };
  afterAll(async () => {
    for (const name of used) {
      const { client } = await connectQdrant({ url: address(name) });
      for (const known of (await client.getCollections()).collections)
        if (isOwnCollection(known.name, name)) await client.deleteCollection(known.name);
    }
  });

  test("what was pushed is found, each item once, with its best score and the interest that gave it", async () => {
    const url = urlOf("pm_search");
    const items = vectorsOf(1);
    const reported: number[] = [];
    await pushToQdrant({ url }, items, itemIds, { onProgress: (done) => reported.push(done) });
    expect(reported.at(-1)).toBe(itemCount);
    const index = await openQdrantIndex({ url }, items);
    const queries = Array.from({ length: 6 }, (_, i): Query => ({ vectors: queryOf(1 + (i % 4), 20 + i) }));
    for (const [i, found] of (await index.search(queries, 10)).entries()) {
      const wanted = exactSearch(items, queries[i]!, 10);
      expect(itemsOf(found)).toEqual(itemsOf(wanted));
      for (const [rank, hit] of found.entries()) {
        expect(hit.interest).toBe(wanted[rank]!.interest);
        expect(hit.score).toBeCloseTo(wanted[rank]!.score, 4);
      }
    }
    expect(await index.search([{ vectors: new Float32Array(0) }], 5)).toEqual([[]]);
    const { client } = await connectQdrant({ url });
    expect((await client.retrieve("pm_search", { ids: [7] })).map(({ payload }) => payload)).toEqual([
      { id: "item 7" },
    ]);
  });

  test("hidden items are not found, allowed ones alone are, and many of them shorten no list", async () => {
    const url = urlOf("pm_filters");
    const items = vectorsOf(2);
    await pushToQdrant({ url }, items, itemIds);
    const index = await openQdrantIndex({ url }, items);
    const vectors = queryOf(2, 5);
    const order = itemsOf(exactSearch(items, { vectors }, itemCount));
    const hidden = order.slice(0, 380);
    expect(itemsOf((await index.search([{ vectors, hidden }], 15))[0]!)).toEqual(order.slice(380, 395));
    const allowed = order.slice(-4);
    expect(itemsOf((await index.search([{ vectors, allowed }], 15))[0]!)).toEqual(allowed);
    expect(await index.search([{ vectors, allowed: [] }], 5)).toEqual([[]]);
  });

  test("the push of another model ends the searches for this one, one of the same does not, and nothing is left over", async () => {
    const url = urlOf("pm_versions");
    const [first, second] = [vectorsOf(1), vectorsOf(2)];
    await expect(openQdrantIndex({ url }, first)).rejects.toThrow(/pm_versions has no vectors; push this model's/);
    await pushToQdrant({ url }, first, itemIds);
    const old = await openQdrantIndex({ url }, first);
    const query = { vectors: queryOf(1, 3) };
    await pushToQdrant({ url }, first, itemIds);
    expect(itemsOf((await old.search([query], 3))[0]!)).toEqual(itemsOf(exactSearch(first, query, 3)));
    await expect(openQdrantIndex({ url }, second)).rejects.toThrow(/holds the vectors of another model/);
    const { version } = await pushToQdrant({ url }, second, itemIds);
    expect(version).toBe(fingerprintOf(second));
    await expect(old.search([query], 3)).rejects.toThrow(/holds the vectors of another model/);
    const index = await openQdrantIndex({ url }, second);
    expect(itemsOf((await index.search([query], 3))[0]!)).toEqual(itemsOf(exactSearch(second, query, 3)));
    const { client } = await connectQdrant({ url });
    const { collections } = await client.getCollections();
    expect(collections.filter(({ name }) => name.startsWith("pm_versions"))).toHaveLength(1);
  });

  test("a collection of somebody else's with that name is refused and stays", async () => {
    const url = urlOf("pm_taken");
    const { client } = await connectQdrant({ url });
    await client.createCollection("pm_taken", { vectors: { size: 3, distance: "Dot" } });
    await expect(pushToQdrant({ url }, vectorsOf(1), itemIds)).rejects.toThrow(
      /pm_taken: expected no collection of that name, .*; name another, or drop it/,
    );
    expect(await client.collectionExists("pm_taken")).toEqual({ exists: true });
    await client.deleteCollection("pm_taken");
  });
});

/** A model is pushed, and another is to follow. */
async function pushedOne(name: string) {
  const url = `http://${standIn.host}/${name}`;
  const items = vectorsOf(1);
  await pushToQdrant({ url }, items, itemIds);
  const own = () => [...standIn.collections.keys()].filter((known) => isOwnCollection(known, name));
  const check = async (pushed = items) => {
    const query = { vectors: queryOf(2, 3) };
    const index = await openQdrantIndex({ url }, pushed);
    expect(itemsOf((await index.search([query], 5))[0]!)).toEqual(itemsOf(exactSearch(pushed, query, 5)));
  };
  return { url, own, check, next: vectorsOf(2, 2300) };
}

const manyIds = ["", ...Array.from({ length: 2300 }, (_, i) => `item ${i + 1}`)];
const isBatch = (request: string) => request.startsWith("PUT ") && request.endsWith("/points");

test.each([
  { fault: "cut" as const, says: /^qdrant:\/\/127\.0\.0\.1:\d+\/pm_broken: .+; tried 3 times\. Is the server up/ },
  { fault: 500, says: /^qdrant:\/\/127\.0\.0\.1:\d+\/pm_broken: .+; tried 3 times/ },
  { fault: 400, says: /^qdrant:\/\/127\.0\.0\.1:\d+\/pm_broken: .*no luck \(status 400\)$/ },
])("a push that $fault breaks leaves the old vectors in use, and nothing behind", async ({ fault, says }) => {
  const { url, own, check, next } = await pushedOne("pm_broken");
  standIn.fail((request, before) => (isBatch(request) && before >= 1 ? fault : undefined));
  await expect(pushToQdrant({ url }, next, manyIds)).rejects.toThrow(says);
  expect(standIn.requests.filter(isBatch)).toHaveLength(fault === 400 ? 2 : 4);
  expect(own()).toHaveLength(1);
  await check();
});

test("what a push left that could not tidy up is removed by the next, which works", async () => {
  const { url, own, check, next } = await pushedOne("pm_leftovers");
  let isDown = false;
  standIn.fail((request, before) => {
    isDown ||= isBatch(request) && before >= 1;
    return isDown ? "cut" : undefined;
  });
  await expect(pushToQdrant({ url }, next, manyIds)).rejects.toThrow(/tried 3 times/);
  expect(own()).toHaveLength(2);
  standIn.fail(() => undefined);
  await check();
  await pushToQdrant({ url }, next, manyIds);
  expect(own()).toHaveLength(1);
  await check(next);
});

test("each request that fails once is sent again, and the push succeeds", async () => {
  const { url, own, check, next } = await pushedOne("pm_again");
  standIn.fail((request, before) => (before === 0 && !request.startsWith("DELETE") ? "cut after" : undefined));
  await pushToQdrant({ url }, next, manyIds);
  expect(own()).toHaveLength(1);
  await check(next);
});

test("when the answer to the last step is lost, what it did stays", async () => {
  const { url, check, next } = await pushedOne("pm_last");
  standIn.fail((request) => (request === "POST /collections/aliases" ? "cut after" : undefined));
  await expect(pushToQdrant({ url }, next, manyIds)).rejects.toThrow(/tried 3 times/);
  standIn.fail(() => undefined);
  await check(next);
});

test("a search is asked again when the server fails for a moment, and says so when it is gone or silent", async () => {
  const { url } = await pushedOne("pm_search_faults");
  const index = await openQdrantIndex({ url, timeout: 150 }, vectorsOf(1));
  const query = { vectors: queryOf(2, 3) };
  const wanted = itemsOf(exactSearch(vectorsOf(1), query, 5));
  for (const fault of ["cut", 503, 429, "silence"] as const) {
    standIn.fail((_, before) => (before === 0 ? fault : undefined));
    expect(itemsOf((await index.search([query], 5))[0]!)).toEqual(wanted);
  }
  for (const fault of ["cut", 503, "silence"] as const) {
    standIn.fail(() => fault);
    await expect(index.search([query], 5)).rejects.toThrow(/^qdrant:.*pm_search_faults: .+; tried 3 times\./);
    expect(standIn.requests).toHaveLength(3);
  }
}, 20_000);

test("K searches of several users are one request; filters of a million ids are spread over several", async () => {
  const { url } = await pushedOne("pm_requests");
  const index = await openQdrantIndex({ url }, vectorsOf(1));
  standIn.fail(() => undefined);
  await index.search([{ vectors: queryOf(4, 3) }, { vectors: queryOf(3, 4) }], 10);
  expect(standIn.requests).toEqual([expect.stringMatching(/^POST .*\/points\/query\/batch$/)]);
  standIn.fail(() => undefined);
  const hidden = Array.from({ length: 400_000 }, (_, i) => 2 + i);
  const [found] = await index.search([{ vectors: queryOf(4, 3), hidden }], 10);
  expect(itemsOf(found!)).toEqual([1]);
  expect(standIn.requests).toHaveLength(2);
});

test("a list that the graph leaves too short is searched for again, exactly, and no other", async () => {
  const { url } = await pushedOne("pm_short");
  const index = await openQdrantIndex({ url }, vectorsOf(1));
  const [one, other] = [{ vectors: queryOf(2, 3) }, { vectors: queryOf(1, 4), allowed: [5, 6] }];
  standIn.fail(() => undefined);
  standIn.shorten(7);
  const [found, few] = await index.search([one, other], 20);
  standIn.shorten(Number.POSITIVE_INFINITY);
  expect(itemsOf(found!)).toEqual(itemsOf(exactSearch(vectorsOf(1), one, 20)));
  expect(few).toHaveLength(2);
  expect(standIn.requests).toHaveLength(2);
});

test("the key goes with each request, and without it the server's refusal says what to do", async () => {
  const locked = await startQdrantStandIn({ apiKey: "s3cret" });
  try {
    const items = vectorsOf(1);
    await pushToQdrant({ url: `http://:s3cret@${locked.host}/pm` }, items, itemIds);
    await openQdrantIndex({ url: `qdrant://${locked.host}/pm`, apiKey: "s3cret" }, items);
    await expect(openQdrantIndex({ url: `qdrant://:wrong@${locked.host}/pm` }, items)).rejects.toThrow(
      /^qdrant:\/\/127\.0\.0\.1:\d+\/pm: Must provide an API key \(status 401\); give its key in QDRANT_API_KEY/,
    );
  } finally {
    await locked.stop();
  }
});

test("addresses name host, port and collection; what is none is refused without showing a key", () => {
  expect(parseQdrantUrl("qdrant://db.example/shop")).toMatchObject({
    host: { https: false, host: "db.example", port: 6333, prefix: "" },
    collection: "shop",
    shown: "qdrant://db.example:6333/shop",
  });
  expect(parseQdrantUrl("https://:k%2Fy@db.example:443/behind/a/shop-2")).toEqual({
    host: { https: true, host: "db.example", port: 443, prefix: "/behind/a" },
    collection: "shop-2",
    key: "k/y",
    shown: "https://db.example:443/behind/a/shop-2",
  });
  expect(parseQdrantUrl("http://key@[::1]:7000/x")).toMatchObject({ host: { host: "[::1]", port: 7000 }, key: "key" });
  expect(() => parseQdrantUrl("qdrant://:key@host:6333")).toThrow(/like qdrant:\/\/host:6333\/collection, .*got none$/);
  expect(() => parseQdrantUrl("qdrant://host/a%20b")).toThrow(/letters, digits, - \. and _, got the collection a b/);
  expect(() => parseQdrantUrl("qdrant://:key@:/x")).toThrow(/got qdrant:\/\/\.\.\.$/);
  expect(["qdrant://x", "https://x", "postgres://x", "index/"].map(isQdrantUrl)).toEqual([true, true, false, false]);
});

test("own collections are told from those whose names only begin alike", () => {
  const name = collectionName("shop", "a".repeat(64), "0123abcd");
  expect(name).toBe("shop-aaaaaaaaaaaaaaaa-0123abcd");
  expect(["shop", "sho", "shop-aaaaaaaaaaaaaaaa"].map((alias) => isOwnCollection(name, alias))).toEqual([
    true,
    false,
    false,
  ]);
  expect(isOwnCollection(collectionName("shop-eu", "a".repeat(64), "0123abcd"), "shop")).toBe(false);
});
