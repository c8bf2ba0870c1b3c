import { describe, expect, test } from "vitest";
import { itemsAt } from "../../src/data/sequences.ts";
import { createEngine } from "../../src/engine.ts";
import { createRecommender } from "../../src/retrieval/recommender.ts";
import { itemFeatures, smallModel, startService, userFeatures } from "./models.ts";

const idsOf = (answer: { readonly items: readonly { readonly item: string }[] }) =>
  answer.items.map(({ item }) => item);

describe("/recommend", async () => {
  const model = await smallModel("mind", { itemFeatures });
  const { log } = model;
  const history = Array.from(itemsAt(log, 3), (item) => log.itemIds[item]!);

  test("answers with what the recommender finds, by the log's own ids, for a history and for a user", async () => {
    const { post } = await startService(model);
    const { status, body } = await post("/recommend", { history, top: 5 });
    const recommender = await createRecommender(await createEngine({ adapter: "cpu" }), model);
    const [want] = await recommender.recommend([{ history: itemsAt(log, 3), top: 5 }]);
    const items = want!.items.map(({ item, score, interest }) => {
      return { item: log.itemIds[item], score, interest: interest + 1 };
    });
    expect(items).toHaveLength(5);
    const { activeInterests } = want!;
    expect(body).toEqual({
      items,
      activeInterests,
      unknown: { history: 0 },
      model: "first",
    });
    expect(status).toBe(200);
    expect((await post("/recommend", { user: log.userIds[3], top: 5 })).body.items).toEqual(items);
  });

  test("a newer behaviour changes the answer at once", async () => {
    const { post } = await startService(model);
    const before = await post("/recommend", { history, top: 5 });
    const after = await post("/recommend", { history: [...history, before.body.items[0]!.item], top: 5 });
    expect(idsOf(after.body)).not.toContain(before.body.items[0]!.item);
    expect(after.body.items).not.toEqual(before.body.items);
  });

  test("ids that the model does not know are left out and counted", async () => {
    const { post } = await startService(model);
    const plain = await post("/recommend", { history, top: 5 });
    const [first, ...rest] = history;
    const strange = [first, "no such item", ...rest, "nor this", ""];
    const { body } = await post("/recommend", {
      history: strange,
      exclude: ["x"],
      allow: [...log.itemIds, "y"],
      top: 5,
    });
    expect(body.unknown).toEqual({ history: 3, exclude: 1, allow: 2 });
    expect(body.items).toEqual(plain.body.items);
    const nobody = await post("/recommend", { history: ["x"] });
    expect(nobody).toMatchObject({ status: 200, body: { items: [], activeInterests: 0, unknown: { history: 1 } } });
  });

  test("heeds exclude, allow, includeSeen and policies", async () => {
    const { post } = await startService(model);
    const [first, second, third] = idsOf((await post("/recommend", { history })).body);
    expect(idsOf((await post("/recommend", { history, exclude: [first] })).body).slice(0, 2)).toEqual([second, third]);
    expect(idsOf((await post("/recommend", { history, allow: [third, first] })).body)).toEqual([first, third]);
    const seen = await post("/recommend", { history, includeSeen: true, top: 100 });
    expect(idsOf(seen.body)).toEqual(expect.arrayContaining(history));
    const quota = await post("/recommend", { history, policy: "quota", top: 6 });
    expect(new Set(quota.body.items.map(({ interest }) => interest)).size).toBe(3);
    const diverse = await post("/recommend", { history, policy: { diversity: 1e6 }, top: 10 });
    const colours = idsOf(diverse.body)
      .slice(0, 2)
      .map((id) => log.itemIds.indexOf(id) % 2);
    expect(new Set(colours).size).toBe(2);
  });

  test("heeds categories, of the model's first feature or of a catalogue that is given", async () => {
    const colour = (id: string) => (log.itemIds.indexOf(id) % 2 === 1 ? "red" : "blue");
    const { post } = await startService(model);
    const all = idsOf((await post("/recommend", { history, top: 100 })).body);
    const red = all.filter((id) => colour(id) === "red");
    const ask = async (more: object) => idsOf((await post("/recommend", { history, top: 100, ...more })).body);
    expect(red.length).toBeGreaterThan(5);
    expect(await ask({ allowCategories: ["red"] })).toEqual(red);
    expect(await ask({ excludeCategories: ["blue"] })).toEqual(red);
    expect(await ask({ allowCategories: ["red"], allow: all.slice(0, 6), exclude: [red[0]] })).toEqual(
      all.slice(0, 6).filter((id) => colour(id) === "red" && id !== red[0]),
    );
    expect(await ask({ allowCategories: ["red"], excludeCategories: ["red"] })).toEqual([]);
    const like = await post("/similar-items", { item: history[0], top: 100, allowCategories: ["blue"] });
    expect(new Set(idsOf(like.body).map(colour))).toEqual(new Set(["blue"]));
    const unknown = await post("/recommend", { history, allowCategories: ["green"] });
    expect(unknown.status).toBe(400);
    expect(unknown.body.error).toBe('allowCategories: no category "green"; there are red, blue');

    const values = Uint32Array.from({ length: 2 * (log.itemCount + 1) }, (_, i) => (i === 2 ? 1 : i === 5 ? 3 : 0));
    const names = Array.from({ length: 13 }, (_, i) => `kind ${i + 1}`);
    const categories = { width: 2, values, count: 13, names };
    const other = await startService(async () => ({ model, fingerprint: "first", categories }));
    const few = { history: [history[0]], includeSeen: true, allowCategories: ["kind 1", "kind 3"] };
    expect(new Set(idsOf((await other.post("/recommend", few)).body))).toEqual(new Set(log.itemIds.slice(1, 3)));
    const { body } = await other.post("/recommend", { history, excludeCategories: ["x"] });
    expect(body.error).toMatch(/^excludeCategories: no category "x"; there are kind 1, .*, kind 10 and 3 more$/);
    const without = await startService(await smallModel("mind"));
    const none = await without.post("/recommend", { history, allowCategories: ["red"] });
    expect(none).toMatchObject({ status: 400 });
    expect(none.body.error).toMatch(/^allowCategories: no categories are known; serve with --catalogue FILE/);
  });

  test("requests that arrive together are one batch, each with its own answer", async () => {
    const { post, metrics } = await startService(model, { batchWait: 50 });
    const users = log.userIds.slice(0, 6);
    const together = await Promise.all(users.map((user) => post("/recommend", { user, top: 3 })));
    expect(await metrics.text()).toMatch(/^polymind_batch_size_bucket\{le="8"\} 1$/m);
    expect(await metrics.text()).toMatch(/^polymind_batch_size_sum 6$/m);
    for (const [i, user] of users.entries())
      expect((await post("/recommend", { user, top: 3 })).body).toEqual(together[i]!.body);
  });

  test.each<[string, unknown, number, RegExp]>([
    ["nobody", {}, 400, /^expected either history or user, got neither$/],
    ["two at once", { history: [], user: "1" }, 400, /got both$/],
    ["numbers for ids", { history: [3186] }, 400, /^history\.0: expected string, received number$/],
    ["no object", [1], 400, /^body: expected object, received array$/],
    ["a misspelt option", { history: [], topp: 3 }, 400, /^body: unrecognized key: "topp"$/],
    ["too many items", { history: [], top: 1001 }, 400, /^top: too big: expected number to be <=1000$/],
    ["no items", { history: [], top: 0 }, 400, /^top: /],
    [
      "a long history",
      { history: new Array(10_001).fill("a") },
      400,
      /^history: expected at most 10000 behaviours, got 10001$/,
    ],
    ["another policy", { history: [], policy: "worst" }, 400, /^policy: expected "best", "quota" or/],
    [
      "a negative lambda",
      { history: [], policy: { diversity: -1 } },
      400,
      /^policy\.diversity: too small: expected number to be >=0$/,
    ],
    ["a profile without features", { history: [], profile: { a: "b" } }, 400, /^profile: the model knows no features/],
    ["times of nothing", { history: ["a"], times: [] }, 400, /^times: expected one for each of 1 behaviours, got 0$/],
    ["times that fall", { history: ["a", "b"], times: [2, 1] }, 400, /^times: expected numbers that never fall/],
    ["a stranger", { user: "nobody" }, 404, /^the model knows no user "nobody"; send a history/],
  ])("refuses %s", async (_, body, status, message) => {
    const { post } = await startService(model);
    expect(await post("/recommend", body)).toEqual({ status, body: { error: expect.stringMatching(message) } });
  });

  test("titles come back where there are any", async () => {
    const titles = log.itemIds.map((id) => `Title of ${id}`);
    const { post } = await startService(async () => ({ model, fingerprint: "f", titles }));
    for (const { item, title } of (await post("/recommend", { history })).body.items)
      expect(title).toBe(`Title of ${item}`);
  });
});

test("profiles are by column; values that the model does not know are counted", async () => {
  const { post } = await startService(await smallModel("mind", { userFeatures }));
  const asked = { history: ["i1", "i2", "i3"], top: 3 };
  const [young, old, other] = [
    await post("/recommend", { ...asked, profile: { age: "young" } }),
    await post("/recommend", { ...asked, profile: { age: ["old"] } }),
    await post("/recommend", { ...asked, profile: { age: ["?"] } }),
  ];
  expect(young.body.items).not.toEqual(old.body.items);
  expect([young, old, other].map(({ body }) => body.unknown.profile)).toEqual([0, 0, 1]);
  expect(await post("/recommend", { ...asked, profile: { aeg: "old" } })).toEqual({
    status: 400,
    body: { error: 'profile: expected columns age, got "aeg"' },
  });
});

test("a model that sees times asks for them", async () => {
  const { post } = await startService(await smallModel("comirec-sa", { times: "learned" }));
  const asked = { history: ["i1", "x", "i3"] };
  expect(await post("/recommend", asked)).toMatchObject({
    status: 400,
    body: { error: expect.stringMatching(/^times: the model sees when/) },
  });
  const now = await post("/interests", { ...asked, times: [1, 2, 1_000_000] });
  const then = await post("/interests", { history: ["i1", "i3"], times: [1, 1_000_000] });
  const soon = await post("/interests", { history: ["i1", "i3"], times: [999_999, 1_000_000] });
  expect(now.body.interests).toEqual(then.body.interests);
  expect(now.body.interests).not.toEqual(soon.body.interests);
});

test("/interests and /similar-items speak of the same vectors", async () => {
  const model = await smallModel("maxmf", { interests: 2 });
  const { post } = await startService(model);
  const { body } = await post("/interests", { history: ["i1", "i2"] });
  expect(body.interests.map((interest) => interest.length)).toEqual([8, 8]);
  const similar = await post("/similar-items", { item: "i5", top: 100, exclude: ["i1", "?"] });
  expect(similar.body).toMatchObject({ by: "cosine of item vectors", unknown: { exclude: 1 } });
  const found = idsOf(similar.body);
  expect(found).toHaveLength(model.log.itemCount - 2);
  expect(found).not.toContain("i5");
  expect(found).not.toContain("i1");
  const scores = similar.body.items.map(({ score }) => score);
  expect(Math.max(...scores.map(Math.abs))).toBeLessThanOrEqual(1);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  expect(await post("/similar-items", { item: "?" })).toMatchObject({ status: 404 });
});

test.each(["item-cf", "wals", "most-popular"] as const)("%s recommends, and says what it cannot do", async (name) => {
  const { post } = await startService(await smallModel(name));
  const answer = await post("/recommend", { history: ["i1", "i2"], top: 4 });
  expect(answer).toMatchObject({ status: 200, body: { activeInterests: 1 } });
  expect(answer.body.items).toHaveLength(4);
  for (const [url, body, what] of [
    ["/interests", { history: ["i1"] }, `${name} makes no interests`],
    ["/similar-items", { item: "i1" }, `${name} makes no item vectors`],
    ["/recommend", { history: ["i1"], policy: "quota" }, `policy: ${name} makes one list`],
  ] as const) {
    expect(await post(url, body)).toEqual({ status: 400, body: { error: expect.stringContaining(what) } });
  }
});
