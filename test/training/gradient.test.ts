import { expect, test } from "vitest";
import { gradients } from "../../src/autograd.ts";
import { encodeFeatures } from "../../src/data/features.ts";
import { plantedLog } from "../../src/data/planted.ts";
import { leaveOneOut } from "../../src/data/split.ts";
import { type Gradient, trainableParameters, type Value } from "../../src/graph/graph.ts";
import { interpret } from "../../src/graph/interpreter.ts";
import { plan } from "../../src/graph/plan.ts";
import { createHostParameters } from "../../src/graph/program.ts";
import { type MindOptions, mindDefaults } from "../../src/models/mind.ts";
import { rowsToDense } from "../../src/ops/rows-to-dense.ts";
import { createDataset, type Dataset } from "../../src/training/dataset.ts";
import { buildObjective } from "../../src/training/objective.ts";
import { type TrainingOptions, trainingDefaults } from "../../src/training/options.ts";
import { expectClose } from "../support/op.ts";

const batch = 5;
const negatives = 6;
const tiny: MindOptions = {
  ...mindDefaults,
  dimension: 5,
  length: 6,
  interests: 3,
  hiddenLayers: [7],
  profileDimension: 3,
  embeddingDeviation: 0.7,
};

/** Users with a profile, items with features: two, one or none. */
function tinyDataset(): Dataset {
  const log = plantedLog({ users: 12, items: 14, topics: 4, interestsPerUser: [1, 3], length: [4, 8], seed: 5 });
  const topics = Array.from({ length: log.itemCount }, (_, i) => [`${log.topicOfItem[i + 1]}`, "any"].slice(0, i % 3));
  const ages = Array.from({ length: log.userCount }, (_, user) => (user % 4 === 0 ? [] : [`${user % 3}`]));
  const tags = Array.from({ length: log.userCount }, (_, user) => ["x", "y", "z"].slice(0, 1 + (user % 3)));
  return createDataset(leaveOneOut(log), {
    itemFeatures: encodeFeatures([{ name: "topic", values: topics }], log.itemCount),
    userFeatures: encodeFeatures(
      [
        { name: "age", values: ages },
        { name: "tags", values: tags },
      ],
      log.userCount,
    ),
  });
}

/** A user with no behaviours, one with a single one, a full one, and a padding row. */
const feeds = {
  history: Uint32Array.from([1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 9, 2, 8, 0, 0, 0, 0, 0, 0, 0, 0]),
  lengths: Uint32Array.from([6, 1, 0, 4, 0]),
  targets: Uint32Array.from([7, 3, 1, 10, 0]),
  weights: Float32Array.from([1, 1, 1, 1, 0]),
  negatives: Uint32Array.from([1, 4, 7, 4, 12, 2]),
  times: Uint32Array.from([9, 5, 5, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
  "profile.age": Uint32Array.from([1, 0, 2, 3, 0]),
  "profile.tags": Uint32Array.from([4, 0, 0, 4, 5, 0, 4, 5, 6, 5, 0, 0, 0, 0, 0]),
};

const asDense = (gradient: Gradient, parameter: Value): Value =>
  "parts" in gradient ? rowsToDense(gradient.parts, parameter.shape[0]!) : gradient;

interface Case {
  readonly name: string;
  readonly model?: Partial<MindOptions>;
  readonly training: Partial<TrainingOptions>;
}

// "last" takes the routing weights for constants, so it is the true gradient of a single iteration alone.
const cases: readonly Case[] = [
  {
    name: "all iterations, each candidate by its best interest",
    model: { gradient: "all" },
    training: { scoring: "best" },
  },
  { name: "all iterations, hard attention, a temperature", model: { gradient: "all" }, training: { temperature: 0.3 } },
  { name: "the last iteration of one, scaled attention", model: { iterations: 1 }, training: { attention: "scaled" } },
  {
    name: "all iterations, the positives of the batch as negatives",
    model: { gradient: "all" },
    training: { scoring: "best", negativeSampling: "in-batch" },
  },
  {
    name: "all iterations, hard negatives",
    model: { gradient: "all" },
    training: { scoring: "best", hardNegativesBeta: 2 },
  },
  {
    name: "all iterations, regularised routing",
    model: { gradient: "all" },
    training: { routingRegularisation: 50 },
  },
  {
    name: "all iterations, interests kept apart",
    model: { gradient: "all" },
    training: { interestDecorrelation: 5, decorrelationMargin: 0.1 },
  },
  {
    name: "all iterations, scaled by places and times, with the recent behaviours",
    model: { gradient: "all", positions: "recent", times: "learned", recentBehaviours: 3 },
    training: {},
  },
];

test.each(cases)("the gradient of the whole model agrees with central differences: $name", ({ model, training }) => {
  const dataset = tinyDataset();
  const options = { ...trainingDefaults, batch, negatives, ...training };
  const { loss } = buildObjective({ name: "mind", options: { ...tiny, ...model } }, dataset, options);
  const parameters = trainableParameters(loss.graph);
  const found = gradients(loss, parameters);
  expect(parameters.map(({ name }) => name)).toEqual([
    "items.embedding",
    ...(model?.positions ? ["routing.positions", "routing.times"] : []),
    "routing.transform",
    "recent.weight",
    "profile.embedding",
    "interests.0.weight",
    "interests.0.bias",
    "interests.1.weight",
    "interests.1.bias",
  ]);
  const outputs = Object.fromEntries(
    parameters.map((parameter) => [parameter.name, asDense(found.get(parameter)!, parameter)]),
  );
  const store = createHostParameters("float64");
  const backward = plan({ outputs: { loss, ...outputs } });
  for (const value of backward.parameters) store.adopt(value);
  const analytic = interpret(backward, feeds, store.arrays);
  const forward = plan({ outputs: { loss } });
  const lossNow = () => interpret(forward, feeds, store.arrays).get(loss)!.data[0]!;
  expect(lossNow()).toBeGreaterThan(0.1);
  for (const { name } of parameters) {
    const array = store.arrays.get(name)!;
    const places = Array.from({ length: Math.min(40, array.length) }, (_, i) =>
      Math.floor((i * array.length) / Math.min(40, array.length)),
    );
    const numeric = places.map((place) => {
      const value = array[place]!;
      const at = (moved: number) => {
        array[place] = moved;
        return lossNow();
      };
      const difference = (at(value + 1e-5) - at(value - 1e-5)) / 2e-5;
      array[place] = value;
      return difference;
    });
    const got = places.map((place) => analytic.get(outputs[name]!)!.data[place]!);
    expect(Math.max(...got.map(Math.abs)), `${name} has a gradient`).toBeGreaterThan(1e-4);
    expectClose(name, got, numeric, 1e-7);
  }
});
