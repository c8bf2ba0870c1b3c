import { afterAll, beforeAll, expect, test } from "vitest";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { Graph } from "../../src/graph/graph.ts";
import { catalogue } from "../../src/models/catalogue.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { batchCandidates, type SharedNegatives } from "../../src/training/batch-candidates.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { judge, judgeMostPopular } from "../../src/training/judge.ts";
import { trainingDefaults } from "../../src/training/options.ts";
import { train } from "../../src/training/trainer.ts";

const itemCounts = Uint32Array.of(0, 6, 3, 1);

function negativesOf(options: Partial<SharedNegatives>) {
  const graph = new Graph();
  const items = catalogue(graph, { itemCount: 3, dimension: 4, embeddingDeviation: 1, seed: 1 });
  const targetIds = graph.input("targets", "u32", [5]);
  const all = { ...trainingDefaults, batch: 5, negatives: 20, negativeSampling: "frequency" as const, ...options };
  return { targetIds, ...batchCandidates(items, targetIds, itemCounts, all) };
}

const expectedOf = ({ logExpected }: ReturnType<typeof negativesOf>) =>
  [...logExpected.initial!()].map((value) => Math.exp(value)).slice(1);

test("in a batch the negatives are the positives of all, each expected as often as it occurs", () => {
  const found = negativesOf({ negativeSampling: "in-batch" });
  expect([found.negativeIds, found.negatives, found.sampler]).toEqual([found.targetIds, found.positive, undefined]);
  [0.6, 0.3, 0.1].forEach((share, i) => {
    expect(expectedOf(found)[i]).toBeCloseTo(5 * share, 5);
  });
});

test("negatives that are drawn are expected as often as their distribution says", () => {
  const found = negativesOf({ negativeSampling: "uniform" });
  expect(found.negativeIds.shape).toEqual([20]);
  expect([found.positive.shape, found.negatives.shape]).toEqual([
    [5, 4],
    [20, 4],
  ]);
  for (const expected of expectedOf(found)) expect(expected).toBeCloseTo(20 / 3, 5);
  expect(expectedOf(negativesOf({ negativeSampling: "log-uniform" }))[0]).toBeCloseTo(20 * 0.5, 5);
});

test("a batch of one has no other users' positives", () => {
  expect(() => negativesOf({ negativeSampling: "in-batch", batch: 1 })).toThrow(
    "train: expected a batch of at least 2 for in-batch negatives, got 1; raise --batch",
  );
});

const log = plantedLog({ users: 200, items: 150, topics: 15, length: [8, 16], seed: 3 });
const dataset = createDataset(leaveOneOut(log));
const spec = modelSpec("mind", { dimension: 16, length: 12, hiddenLayers: [16], interests: 3, recentBehaviours: 0 });
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.dispose());

const kinds = ["uniform", "log-uniform", "in-batch"] as const;

test.each(kinds.flatMap((kind) => (["best", "chosen"] as const).map((scoring) => [kind, scoring] as const)))(
  "%s negatives, scoring %s: a model finds more than popularity does",
  async (negativeSampling, scoring) => {
    const options = { ...trainingDefaults, epochs: 6, batch: 32, negatives: 60, rate: 0.02, negativeSampling, scoring };
    const { best } = await train(engine, spec, dataset, options);
    const { metrics } = await judge(engine, best, spec, dataset, dataset.split.test, { at: [10] });
    const [popular] = judgeMostPopular(dataset, dataset.split.test, { at: [10] });
    expect(metrics[0]!.hitRate).toBeGreaterThan(1.5 * popular!.hitRate);
  },
);
