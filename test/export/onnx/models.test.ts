import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allocateHistory, historyBatch } from "../../../src/data/batches.ts";
import { concatenateLists, itemsAt } from "../../../src/data/sequences.ts";
import { createEngine, type Engine } from "../../../src/engine.ts";
import { exportOnnx, onnxOf } from "../../../src/export/onnx/export-onnx.ts";
import {
  fittedNames,
  interestsOf,
  type ModelName,
  type ModelOptions,
  modelNames,
  modelSpec,
  seesTimes,
} from "../../../src/models/registry.ts";
import { itemTable } from "../../../src/retrieval/item-table.ts";
import { createRecommender } from "../../../src/retrieval/recommender.ts";
import { restore } from "../../../src/training/parameter-arrays.ts";
import { failureOf } from "../../data/files.ts";
import { temporaryPaths } from "../../storage/model-folders.ts";
import { untrainedModel } from "../models.ts";
import { type Given, runOnnx } from "./runtime.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ adapter: "cpu" });
});
afterAll(() => engine.dispose());

type Model = ReturnType<typeof untrainedModel>;

/** Users of the log, and one without a history. */
function recipientsOf({ log }: Model) {
  const known = [0, 3, 7, 11].map((user: number | undefined) => ({
    history: itemsAt(log, user!),
    times: log.times!.subarray(log.offsets[user!], log.offsets[user! + 1]),
    user,
  }));
  return [...known, { history: new Uint32Array(), times: new Float64Array(), user: undefined }];
}

/** What the ONNX model of a user tower is given for them. */
function givenOf({ spec, userFeatures }: Model, recipients: ReturnType<typeof recipientsOf>): Given {
  const { length } = spec.options;
  const batch = recipients.length;
  const arrays = allocateHistory(batch, length, { times: seesTimes(spec) });
  const lists = {
    ...concatenateLists(recipients.map(({ history }) => history)),
    times: Float64Array.from(recipients.flatMap(({ times }) => Array.from(times))),
  };
  const users = Uint32Array.from(recipients.keys());
  historyBatch({ users, history: lists, targets: lists }, 0, batch, length, arrays);
  const given: Record<string, Given[string]> = {
    history: { data: arrays.history, shape: [batch, length] },
    lengths: { data: arrays.lengths, shape: [batch] },
    ...(arrays.times && { times: { data: arrays.times, shape: [batch, length] } }),
  };
  let column = 0;
  for (const { name, width } of userFeatures?.fields ?? []) {
    const data = new Uint32Array(batch * width);
    for (const [row, { user }] of recipients.entries()) {
      if (user === undefined) continue;
      const from = user * userFeatures!.width + column;
      data.set(userFeatures!.rows.subarray(from, from + width), row * width);
    }
    given[`profile.${name}`] = { data, shape: [batch, width] };
    column += width;
  }
  return given;
}

function expectClose(got: readonly number[], want: ArrayLike<number>) {
  expect(got).toHaveLength(want.length);
  for (const [i, value] of Array.from(want).entries())
    expect(Math.abs(got[i]! - value), `element ${i}: got ${got[i]}, want ${value}`).toBeLessThan(
      1e-5 * Math.max(1, Math.abs(value)),
    );
}

const trainedNames = modelNames.filter((name) => !fittedNames.includes(name));
const variants: readonly [ModelName, ModelOptions, boolean][] = [
  ...trainedNames.map((name): [ModelName, ModelOptions, boolean] => [name, {}, false]),
  ["mind", { embeddingPrecision: "f16", normaliseOutputs: true }, true],
  ["mind", { inputEmbeddings: "separate", recentBehaviours: 0 }, true],
  ["mind", { positions: "recent", times: "learned", similarity: "cosine" }, false],
  ["mind", { positions: "learned", activation: "l2", assignment: "hard", interestRule: "ln" }, false],
  ["comirec-dr", { times: "learned" }, true],
  ["comirec-sa", { positions: "recent", times: "learned" }, false],
  ["maxmf", { positions: "recent", times: "learned" }, false],
  ["maxmf", { positions: "learned" }, true],
  ["gru4rec", {}, true],
];

/** Models that must be exported; one that is new may say which of its ops has no converter yet. */
const exported: readonly ModelName[] = [
  ...(["mind", "mind-short-video", "comirec-dr", "comirec-sa", "remi"] as const),
  ...(["youtube-dnn", "gru4rec", "maxmf", "dssm"] as const),
];

function lacksConverter(model: Model): boolean {
  try {
    onnxOf(model, "full");
    return false;
  } catch (error) {
    expect((error as Error).message).toMatch(/^ONNX: there is no converter of the op \w+, which this model needs$/);
    return true;
  }
}

describe.each(variants)("%s %j, features %s", (name, options, features) => {
  test("makes the interests, item vectors and lists of recommending", async () => {
    const model = untrainedModel(name, options, { features });
    if (!exported.includes(name) && lacksConverter(model)) return;
    const recommender = await createRecommender(engine, model);
    const recipients = recipientsOf(model);
    const given = givenOf(model, recipients);
    const [most, d] = [interestsOf(model.spec), model.spec.options.dimension];

    const user = await runOnnx(onnxOf(model, "user"), given);
    const interests = await recommender.interests(recipients);
    for (const [row, vectors] of interests.entries()) {
      expect(user["interest_counts"]![row]).toBe(vectors.length / d);
      const from = row * most * d;
      expectClose(user["interests"]!.slice(from, from + vectors.length), vectors);
    }

    const parameters = engine.createParameters();
    restore(parameters, model.parameters);
    const table = await itemTable(engine, model, parameters);
    const vectors = await table.parameters.read(table.name);
    const ids = Uint32Array.from({ length: model.log.itemCount }, (_, i) => i + 1);
    const item = await runOnnx(onnxOf(model, "item"), { items: { data: ids, shape: [ids.length] } });
    expectClose(item["vectors"]!, vectors.subarray(d));

    const widest = Math.max(...recipients.map(({ history }) => history.length));
    const excluded = Uint32Array.from(
      recipients.flatMap(({ history }) => Array.from({ length: widest }, (_, i) => history[i] ?? 0)),
    );
    const top = model.log.itemCount - 3;
    const full = await runOnnx(onnxOf(model, "full", top), {
      ...given,
      excluded: { data: excluded, shape: [recipients.length, widest] },
    });
    const lists = await recommender.recommend(recipients.map((recipient) => ({ ...recipient, top })));
    for (const [row, { items }] of lists.entries()) {
      const scores = full["scores"]!.slice(row * top, (row + 1) * top);
      const found = full["items"]!.slice(row * top, (row + 1) * top);
      expectClose(
        scores,
        Array.from({ length: top }, (_, i) => items[i]?.score ?? 0),
      );
      expect(found.filter((id) => id > 0).sort()).toEqual(items.map((hit) => hit.item).sort());
    }
    recommender.dispose();
  });
});

describe("files", () => {
  const paths = temporaryPaths();

  test("with tables inside or beside compute the same", async () => {
    const model = untrainedModel("mind", { dimension: 16 });
    const given = givenOf(model, recipientsOf(model));
    const write = (name: string, externalData: boolean) =>
      exportOnnx(model, join(paths.root, name), { tower: "user", externalData });
    expect((await write("in.onnx", false)).files).toHaveLength(1);
    expect((await write("out.onnx", true)).files).toHaveLength(2);
    expect(readdirSync(paths.root).sort()).toEqual(["in.onnx", "out.onnx", "out.onnx.data"]);
    const inside = await runOnnx(join(paths.root, "in.onnx"), given);
    expect(await runOnnx(join(paths.root, "out.onnx"), given)).toEqual(inside);
    expect(inside).toEqual(await runOnnx(onnxOf(model, "user"), given));
  });

  test("in a folder that is not there are refused", async () => {
    const path = join(paths.root, "nowhere", "x.onnx");
    const write = () => exportOnnx(untrainedModel("mind"), path, { tower: "user" });
    expect(await failureOf(write)).toMatch(/there is no folder/);
  });
});

test("a fitted model is refused", async () => {
  const fitted = { ...untrainedModel("mind"), spec: modelSpec("most-popular") };
  expect(await failureOf(() => onnxOf(fitted, "user"))).toMatch(/most-popular is no graph of operators/);
});
