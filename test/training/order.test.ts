import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allocateHistory, historyBatch } from "../../src/data/batches.ts";
import { type ItemLists, listsOf, placesAt } from "../../src/data/sequences.ts";
import { createEngine, type Engine } from "../../src/engine.ts";
import type { Parameters } from "../../src/graph/program.ts";
import { type ModelOptions, modelSpec, seesTimes, type TrainedSpec } from "../../src/models/registry.ts";
import { buildUserGraph } from "../../src/training/encoded-users.ts";

const length = 6;
const itemCount = 30;
const interests = 2;
const dimension = 8;
const small = { dimension, length, interests, attentionDimension: 8, hiddenLayers: [], embeddingDeviation: 1 };

/** Three users: the second has the first one's items in another order, the third at other times. */
const users: ItemLists = {
  offsets: Uint32Array.of(0, 5, 10, 15),
  items: Uint32Array.of(4, 9, 2, 25, 13, 9, 13, 25, 4, 2, 4, 9, 2, 25, 13),
  times: Float64Array.of(10, 20, 30, 40, 50, 10, 20, 30, 40, 50, 1, 2, 3, 4000, 4001),
};

describe.each(["mind", "comirec-dr", "comirec-sa", "maxmf"] as const)("order and time in %s", (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.dispose());

  const specOf = (options: ModelOptions) => modelSpec(name, { ...small, ...options }) as TrainedSpec;

  /** The interests of each list, in a batch of as many rows as asked for. */
  async function encode(spec: TrainedSpec, lists: ItemLists, rows: number, parameters: Parameters) {
    const { graph, ...encoded } = buildUserGraph(spec, { itemCount }, rows);
    const program = await engine.compile({ outputs: { interests: encoded.interests }, parameters });
    const count = lists.offsets.length - 1;
    const batch = allocateHistory(rows, length, { times: seesTimes(spec) });
    const evaluated = { users: Uint32Array.from({ length: count }, (_, i) => i), history: lists, targets: lists };
    await program.run({ ...historyBatch(evaluated, 0, count, length, batch) });
    const vectors = (await program.read("interests")) as Float32Array;
    program.dispose();
    return Array.from({ length: count }, (_, user) =>
      Array.from(vectors.subarray(user * interests * dimension, (user + 1) * interests * dimension)),
    );
  }

  const furthest = (a: readonly number[], b: readonly number[]) =>
    Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

  /** Parameters whose tables of order differ from row to row, as after training. */
  function trained(spec: TrainedSpec): Parameters {
    const parameters = engine.createParameters();
    for (const { name, role, shape, initial } of buildUserGraph(spec, { itemCount }, 1).graph.values) {
      if (role !== "parameter" || !/positions$|times$/.test(name)) continue;
      parameters.define(
        name,
        shape,
        (initial!() as Float32Array).map((first, i) => first + Math.sin(1 + i)),
      );
    }
    return parameters;
  }

  test("interests follow the order of behaviours", async () => {
    const spec = specOf({ positions: "recent", times: "none", iterations: 1, logitDeviation: 0 });
    const [first, second, third] = await encode(spec, users, 3, trained(spec));
    expect(furthest(first!, second!)).toBeGreaterThan(1e-2);
    expect(third).toEqual(first);
  });

  test("interests follow the times of behaviours", async () => {
    const spec = specOf({ positions: "none", times: "learned", iterations: 1, logitDeviation: 0 });
    const [first, , third] = await encode(spec, users, 3, trained(spec));
    expect(furthest(first!, third!)).toBeGreaterThan(1e-2);
  });

  test("without both, and without random logits, interests are those of a set", async () => {
    const spec = specOf({ positions: "none", times: "none", recentBehaviours: 0, logitDeviation: 0 });
    const [first, second, third] = await encode(spec, users, 3, engine.createParameters());
    expect(furthest(first!, second!)).toBeLessThan(1e-5);
    expect(third).toEqual(first);
  });

  test("the same history and times give the same bits in any batch and at any place in it", async () => {
    const spec = specOf({ positions: "recent", times: "learned" });
    const parameters = trained(spec);
    const all = await encode(spec, users, 7, parameters);
    const turned = listsOf(users, [placesAt(users, 2), placesAt(users, 0), placesAt(users, 1)]);
    expect(await encode(spec, turned, 3, parameters)).toEqual([all[2], all[0], all[1]]);
    expect(await encode(spec, listsOf(users, [placesAt(users, 1)]), 1, parameters)).toEqual([all[1]]);
  });

  if (name !== "maxmf") return;
  test("each latent vector has factors of its own", async () => {
    const spec = specOf({ positions: "recent", times: "none" });
    const parameters = engine.createParameters();
    // The first vector is of the newest behaviour alone, the second of all alike.
    const factor = (place: number, column: number) => Number(column >= dimension || place === 1);
    const table = Float32Array.from({ length: (length + 1) * interests * dimension }, (_, i) =>
      factor(Math.floor(i / (interests * dimension)), i % (interests * dimension)),
    );
    parameters.define("interests.positions", [length + 1, interests * dimension], table);
    const [first, second] = await encode(spec, users, 3, parameters);
    const vector = (all: readonly number[] | undefined, j: number) => all!.slice(j * dimension, (j + 1) * dimension);
    expect(furthest(vector(first, 0), vector(second, 0))).toBeGreaterThan(1e-2);
    expect(furthest(vector(first, 1), vector(second, 1))).toBeLessThan(1e-5);
  });
});
