import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { itemsAt } from "../../src/data/sequences.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { type ModelName, modelSpec } from "../../src/models/registry.ts";
import { createRecommender, type Recommender } from "../../src/retrieval/recommender.ts";
import { judge, type RankedList } from "../../src/training/judge.ts";
import {
  datasetOf,
  loadModel,
  type ModelSource,
  type StoredModel,
  saveModel,
} from "../../src/training/model-folder.ts";
import { dataDefaults } from "../../src/training/model-folder-data.ts";
import { trainingDefaults } from "../../src/training/options.ts";
import type { Checkpoint } from "../../src/training/progress.ts";
import { train } from "../../src/training/trainer.ts";

const log = plantedLog({ users: 120, items: 130, topics: 13, length: [6, 14], seed: 5 });
const options = { dimension: 16, length: 12, hiddenLayers: [16], interests: 3 };

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine();
  folder = await mkdtemp(join(tmpdir(), "polymind-recommender-"));
});
afterAll(async () => {
  engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function trained(name: ModelName, more: Partial<typeof options> & Record<string, unknown> = {}) {
  const source: ModelSource = {
    spec: modelSpec(name, { ...options, ...more }),
    training: { ...trainingDefaults, epochs: 2, batch: 32, negatives: 50, rate: 0.02 },
    data: dataDefaults,
    log,
    adapter: "test",
  };
  let last: Checkpoint | undefined;
  await train(engine, source.spec, datasetOf(source), source.training, {
    onCheckpoint: async (checkpoint) => {
      last = checkpoint;
    },
  });
  const path = join(folder, `${name}-${Object.keys(more).join("-")}`);
  await saveModel(path, source, last!);
  return loadModel(path);
}

/** The lists that judging makes of the test users, and the same users as recipients. */
async function judgedLists(model: StoredModel) {
  const dataset = datasetOf(model);
  const lists: RankedList[] = [];
  const { test: users } = dataset.split;
  await judge(engine, model.parameters, model.spec, dataset, users, {
    at: [10],
    users: 40,
    lists: { count: 8, visit: (list) => void lists.push({ ...list }) },
  });
  const recipients = lists.map(({ user }) => ({ history: itemsAt(users.history, users.users.indexOf(user)), user }));
  return { lists, recipients };
}

describe.each<[ModelName, Record<string, unknown>]>([
  ["mind", {}],
  ["mind", { embeddingPrecision: "f16" }],
  ["mind", { normaliseOutputs: true }],
  ["youtube-dnn", {}],
  ["item-cf", {}],
])("%s %j", (name, more) => {
  let model: StoredModel;
  let recommender: Recommender;
  beforeAll(async () => {
    model = await trained(name, more);
    recommender = await createRecommender(engine, model);
  });
  afterAll(() => recommender.dispose());

  test("recommends what judging ranks first, in any batch and at any place in it", async () => {
    const { lists, recipients } = await judgedLists(model);
    const requests = recipients.map((recipient) => ({ ...recipient, top: 8 }));
    const together = await recommender.recommend(requests);
    for (const [i, { items, interests }] of lists.entries()) {
      const found = together[i]!.items;
      // Judging keeps a target in its user's list even where the history holds it.
      const seen = new Set(recipients[i]!.history);
      const kept = items.flatMap((item, place) => (seen.has(item) ? [] : [{ item, interest: interests[place]! }]));
      expect(found.slice(0, kept.length).map(({ item, interest }) => ({ item, interest }))).toEqual(kept);
    }
    for (const i of [0, 7, 39]) expect((await recommender.recommend([requests[i]!]))[0]).toEqual(together[i]);
    const reversed = await recommender.recommend([...requests].reverse());
    expect([...reversed].reverse()).toEqual(together);
  });

  test("heeds what is excluded and allowed, and hands out seen items on request", async () => {
    const { recipients } = await judgedLists(model);
    const asked = { ...recipients[0]!, top: 5 };
    const [plain] = await recommender.recommend([asked]);
    const [first, second, third] = plain!.items;
    const [without] = await recommender.recommend([{ ...asked, exclude: [first!.item] }]);
    expect(without!.items.slice(0, 2)).toEqual([second, third]);
    const [among] = await recommender.recommend([{ ...asked, allow: [third!.item, second!.item] }]);
    expect(among!.items).toEqual([second, third]);
    const everything = await recommender.recommend([{ ...asked, top: 129, includeSeen: true }]);
    expect(asked.history.every((item) => everything[0]!.items.some((hit) => hit.item === item))).toBe(true);
  });
});

test("quotas give every interest its share, diversity other categories", async () => {
  const model = await trained("mind");
  const recommender = await createRecommender(engine, model);
  const { recipients } = await judgedLists(model);
  const categories = {
    width: 1,
    count: 2,
    values: Uint32Array.from({ length: 131 }, (_, item) => 1 + (item % 2)),
  };
  const plain = recipients.map((recipient) => ({ ...recipient, top: 6 }));
  const requests = plain.flatMap((request) => [
    { ...request, policy: { kind: "quota" as const } },
    { ...request, policy: { kind: "diversity" as const, lambda: 1e6, categories } },
    request,
  ]);
  const answers = await recommender.recommend(requests);
  const alone = await recommender.recommend(plain);
  let balanced = 0;
  for (const [i, recipient] of recipients.entries()) {
    const [quota, diverse, best] = answers.slice(3 * i, 3 * i + 3);
    expect(best).toEqual(alone[i]);
    const counts = [0, 1, 2].map((j) => quota!.items.filter(({ interest }) => interest === j).length);
    const active = counts.slice(0, quota!.activeInterests);
    expect(Math.max(...active) - Math.min(...active)).toBeLessThanOrEqual(1);
    expect(quota!.items).toHaveLength(6);
    const imbalance = ({ items }: typeof best & object) =>
      Math.abs(items.filter(({ item }) => item % 2 === 0).length - 3);
    expect(imbalance(diverse!)).toBeLessThanOrEqual(imbalance(best!));
    balanced += Number(imbalance(diverse!) === 0);
    expect(quota!.items.some(({ item }) => recipient.history.includes(item))).toBe(false);
  }
  // Where the interests have found enough of both.
  expect(balanced).toBeGreaterThan(recipients.length / 2);
  recommender.dispose();
});

test("an index of other items is refused, and so are interests of a model that makes none", async () => {
  const model = await trained("mind");
  for (const [itemCount, dimension] of [
    [9, 16],
    [130, 8],
  ] as const) {
    const other = { itemCount, dimension, search: async () => [], dispose() {} };
    await expect(createRecommender(engine, model, { index: other })).rejects.toThrow(
      `index of the model's 130 items of 16 numbers, got one of ${itemCount} of ${dimension}; build it anew`,
    );
  }
  const fitted = await createRecommender(engine, await trained("most-popular"));
  await expect(fitted.interests([{ history: Uint32Array.of(1) }])).rejects.toThrow(/most-popular makes no interests/);
});
