import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeFeatures } from "../../src/data/features.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import { modelSpec } from "../../src/models/registry.ts";
import { createDataset } from "../../src/training/dataset.ts";
import { judge } from "../../src/training/judge.ts";
import { type TrainingOptions, trainingDefaults } from "../../src/training/options.ts";
import { restore } from "../../src/training/parameter-arrays.ts";
import type { StepReport } from "../../src/training/progress.ts";
import { train } from "../../src/training/trainer.ts";

const log = plantedLog({ users: 60, items: 260, topics: 20, length: [8, 14], seed: 3 });
const spec = modelSpec("mind", { dimension: 8, length: 12, hiddenLayers: [12], interests: 3 });
const options: TrainingOptions = { ...trainingDefaults, epochs: 2, batch: 16, negatives: 40, rate: 0.02 };

const topics = Array.from({ length: log.itemCount }, (_, i) => [`${log.topicOfItem[i + 1]}`]);
const itemFeatures = encodeFeatures([{ name: "topic", values: topics }], log.itemCount);
const cases = [
  { name: "items alone", features: {} },
  { name: "items with features", features: { itemFeatures } },
];

/** 64 rows of 8 floats. */
const tableWindowBytes = 64 * 8 * 4;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.dispose());

/** The engine as on an adapter whose bindings show only so much of a table; counts the launches of its programs. */
function seeing(tableWindowBytes?: number): { on: Engine; launches: number[] } {
  const launches: number[] = [];
  const compile: Engine["compile"] = async (goal) => {
    const program = await engine.compile({ ...goal, tableWindowBytes });
    launches.push(program.dispatches);
    return program;
  };
  return { on: { ...engine, compile }, launches };
}

describe.each(cases)("a model of $name whose table is seen through windows", ({ features }) => {
  const dataset = createDataset(leaveOneOut(log), features);

  test("trains and is judged with the same bits as one whose table is seen whole, in more launches", async () => {
    expect(dataset.itemCount).toBeGreaterThan(3 * 64);
    const [whole, windowed] = [seeing(), seeing(tableWindowBytes)];
    const results = [];
    for (const { on } of [whole, windowed]) {
      const losses: StepReport["loss"][] = [];
      const { best, progress } = await train(on, spec, dataset, options, { onStep: ({ loss }) => losses.push(loss) });
      const parameters = on.createParameters();
      restore(parameters, best);
      const { ranks, interestsInUse } = await judge(on, parameters, spec, dataset, dataset.split.test, { at: [10] });
      const validation = progress.history.map((epoch) => epoch.validation);
      results.push({ losses, validation, best: [...best], ranks, interestsInUse });
    }
    expect(results[1]).toEqual(results[0]);
    // The training step, and the ranks and the first list for all validations and for the test.
    expect(whole.launches.length).toBe(5);
    for (const [i, launches] of whole.launches.entries()) expect(windowed.launches[i]).toBeGreaterThan(launches);
  });
});
