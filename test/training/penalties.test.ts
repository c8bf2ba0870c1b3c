import { afterAll, beforeAll, expect, test } from "vitest";
import { allocateHistory, historyBatch } from "../../src/data/batches.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { type ModelName, modelSpec } from "../../src/models/registry.ts";
import { routingVariance } from "../../src/ops/routing-variance.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { buildUserGraph } from "../../src/training/encoded-users.ts";
import { judge } from "../../src/training/judge.ts";
import { buildObjective } from "../../src/training/objective.ts";
import { type TrainingOptions, trainingDefaults } from "../../src/training/options.ts";
import { restore } from "../../src/training/parameter-arrays.ts";
import { train } from "../../src/training/trainer.ts";

const log = plantedLog({ users: 150, items: 120, topics: 12, length: [8, 16], seed: 4 });
const dataset = createDataset(leaveOneOut(log));
const small = { dimension: 16, length: 12, hiddenLayers: [16], interests: 4, attentionDimension: 16 };
const quick: TrainingOptions = { ...trainingDefaults, epochs: 3, batch: 32, negatives: 40, rate: 0.02 };

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.dispose());

async function cosineAfter(name: ModelName, options: Partial<TrainingOptions>): Promise<number> {
  const spec = modelSpec(name, small);
  const { best } = await train(engine, spec, dataset, { ...quick, ...options });
  return (await judge(engine, best, spec, dataset, dataset.split.test, { at: [10] })).interestCosine!;
}

test.each(["mind", "comirec-sa"] as const)("%s: decorrelation draws interests apart", async (name) => {
  const without = await cosineAfter(name, {});
  const apart = await cosineAfter(name, { interestDecorrelation: 10 });
  expect(apart).toBeLessThan(0.7 * without);
  // Cosines below the margin are left alone.
  expect(await cosineAfter(name, { interestDecorrelation: 10, decorrelationMargin: 1 })).toBe(without);
});

test("a model with one interest has nothing to keep apart", () => {
  const options = { ...quick, interestDecorrelation: 1 };
  expect(() => buildObjective(modelSpec("youtube-dnn", small), dataset, options)).toThrow(
    "--interest-decorrelation 1: expected a model with several interests, got youtube-dnn with one; leave it out",
  );
});

test.each([
  ["comirec-sa", {}],
  ["mind", { gradient: "all" }],
] as const)("routing regularisation spreads the weights of %s over the behaviours", async (name, more) => {
  const spec = modelSpec(name, { ...small, ...more });
  const [users, length] = [30, small.length];
  const varianceAfter = async (routingRegularisation: number) => {
    const { best } = await train(engine, spec, dataset, { ...quick, routingRegularisation });
    const { routingWeights, lengths } = buildUserGraph(spec, dataset, users);
    const parameters = engine.createParameters();
    restore(parameters, best);
    const variance = routingVariance(routingWeights!, lengths, spec.options.dimension);
    const program = await engine.compile({ outputs: { variance }, parameters });
    await program.run({ ...historyBatch(dataset.split.test, 0, users, length, allocateHistory(users, length)) });
    return ((await program.read("variance")) as Float32Array).reduce((sum, value) => sum + value, 0);
  };
  expect(await varianceAfter(1000)).toBeLessThan(0.5 * (await varianceAfter(0)));
});

test.each([
  ["mind", "mind, which holds them constant; use --routing-gradient all"],
  ["youtube-dnn", "youtube-dnn, which has none; use --model-name comirec-sa or remi"],
] as const)("%s has no weights to regularise", (name, got) => {
  const options = { ...quick, routingRegularisation: 100 };
  expect(() => buildObjective(modelSpec(name, small), dataset, options)).toThrow(
    `--routing-regularisation 100: expected weights of behaviours that gradients flow through, got ${got}, or leave it out`,
  );
});
