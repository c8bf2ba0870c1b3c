import { afterAll, expect, test } from "vitest";
import { type TuneOptions, tune } from "../../src/device/tuner.ts";
import { deviceTimer, type Timer } from "../../src/device/tuner-contest.ts";
import { createEngine, type EngineGoal } from "../../src/engine.ts";
import { Graph, type KernelFamily } from "../../src/graph/graph.ts";
import { chooseFrom } from "../../src/graph/tuning.ts";
import { gather } from "../../src/ops/gather.ts";
import { route } from "../../src/ops/route.ts";
import { initialLogits } from "../../src/reference/initial-logits.ts";
import { double, familyWith } from "../support/fake-op.ts";
import { normals } from "../support/op.ts";

const engine = await createEngine();
afterAll(() => engine.dispose());

/** A timer by which a family takes the milliseconds that it is said to, and no time passes but in runs. */
function fakeTimer(milliseconds: Readonly<Record<string, number | (() => number)>>) {
  const runs: string[] = [];
  let time = 0;
  const timer: Timer = {
    now: () => time,
    async time(program) {
      const { chosen } = program.families[0]!;
      const given = milliseconds[chosen]!;
      const taken = typeof given === "number" ? given : given();
      runs.push(chosen);
      time += taken;
      return taken;
    },
  };
  return { timer, runs };
}

/** Less than any adapter offers. */
const target = {
  software: true,
  subgroupSize: 0,
  workgroupStorageBytes: 16384,
  storageBuffers: 8,
  tableWindowBytes: 2 ** 27,
};

const tuneWith = (goal: EngineGoal, timer: Timer, options: TuneOptions = {}) =>
  tune(goal, options, { adapter: "test", target, compile: engine.compile, timer });

const right = familyWith("right", "2 * x");
const other = familyWith("other", "x + x");

/** Doubles of doubles of an input. */
function doubles(families: readonly KernelFamily[], times = 1) {
  const graph = new Graph();
  const x = graph.input("x", "f32", [3, 5]);
  let y = x;
  for (let i = 0; i < times; i++) y = double(graph, y, families);
  return { goal: { outputs: { y } }, example: { x: normals([3, 5]).data } };
}

test("the family of the lower median is chosen, and the measured runs alternate", async () => {
  const { goal, example } = doubles([right, other]);
  const noisy = [9, 1, 1];
  const { timer, runs } = fakeTimer({ right: 2, other: () => noisy.shift() ?? 1 });
  const { choices, report } = await tuneWith(goal, timer, { example });
  expect(report).toMatchObject([
    {
      op: "double",
      shapes: "[3, 5]",
      nodes: 1,
      standard: "right",
      chosen: "other",
      families: [
        { name: "right", milliseconds: 2 },
        { name: "other", milliseconds: 1 },
      ],
    },
  ]);
  expect(choices).toMatchObject([{ adapter: "test", family: "other" }]);
  expect(runs.slice(0, 4)).toEqual(["right", "other", "right", "other"]);
});

test("the standard family stays where another one is hardly faster, because its bits would change for nothing", async () => {
  const { goal, example } = doubles([right, other]);
  const { choices } = await tuneWith(goal, fakeTimer({ right: 1, other: 0.96 }).timer, { example });
  expect(choices).toMatchObject([{ family: "right" }]);
});

test("measuring ends with the time that an op was given, each family measured at least once", async () => {
  const { goal, example } = doubles([right, other]);
  const slow = fakeTimer({ right: 1500, other: 1600 });
  await tuneWith(goal, slow.timer, { example, secondsPerOp: 2 });
  expect(slow.runs).toEqual(["right", "other"]);
  const quick = fakeTimer({ right: 150, other: 160 });
  await tuneWith(goal, quick.timer, { example, secondsPerOp: 2 });
  expect(quick.runs.length).toBeLessThanOrEqual(2000 / 150 + 1);
});

test("a family that is far slower is measured a few times only", async () => {
  const { goal, example } = doubles([right, other]);
  const { timer, runs } = fakeTimer({ right: 1, other: 10 });
  await tuneWith(goal, timer, { example });
  expect(runs.filter((name) => name === "other")).toHaveLength(3);
});

const spoiled: readonly [string, KernelFamily, string | RegExp][] = [
  ["is wrong", familyWith("wrong", "2.001 * x"), /^output 0: off by 5\.0e-4 of the largest magnitude$/],
  ["leaves an element unwritten", familyWith("wrong", "select(output[id.x], 2 * x, id.x > 0u)"), /^output 0: off by/],
  ["does not compile", familyWith("wrong", "twice(x)"), /^kernel double_wrong\.wgsl:\d+:\d+: unresolved call target/],
  ["makes numbers that are none", familyWith("wrong", "sqrt(x - 100)"), /^output 0: element 0 is NaN, not /],
];

for (const [how, wrong, refused] of spoiled) {
  test(`a family that ${how} is refused, however fast`, async () => {
    const { goal, example } = doubles([wrong, right]);
    const { timer, runs } = fakeTimer({ right: 5, wrong: 1 });
    const { choices, report } = await tuneWith(goal, timer, { example });
    expect(report[0]!.families).toEqual([
      { name: "wrong", refused: expect.stringMatching(refused) },
      { name: "right", milliseconds: 5 },
    ]);
    expect(report[0]).toMatchObject({ standard: "wrong", chosen: "right" });
    expect(choices).toMatchObject([{ family: "right" }]);
    expect(runs).not.toContain("wrong");
  });
}

test("where no family agrees nothing is chosen", async () => {
  const { goal, example } = doubles([familyWith("a", "x"), familyWith("b", "3 * x")]);
  expect((await tuneWith(goal, fakeTimer({}).timer, { example })).choices).toEqual([]);
});

test("small results are compared by their own magnitude", async () => {
  const { goal } = doubles([right, familyWith("zero", "0 * x")]);
  const example = { x: normals([3, 5], 1, 1e-6).data };
  const { report } = await tuneWith(goal, fakeTimer({ right: 2, zero: 1 }).timer, { example });
  expect(report[0]!.families[1]!.refused).toMatch(/off by 1\.0e\+0/);
});

test("equal ops of equal shapes are measured once, others each", async () => {
  const { goal, example } = doubles([right, other], 3);
  const { timer, runs } = fakeTimer({ right: 2, other: 1 });
  const seen: [string, number, number][] = [];
  const { report } = await tuneWith(goal, timer, {
    example,
    onOp: ({ chosen }, done, total) => seen.push([chosen, done, total]),
  });
  expect(report).toMatchObject([{ nodes: 3 }]);
  expect(seen).toEqual([["other", 1, 1]]);
  expect(new Set(runs)).toEqual(new Set(["right", "other"]));
});

test("a choice serves the same op and shape, and none whose kernels have changed since", async () => {
  const { goal, example } = doubles([right, other]);
  const { choices } = await tuneWith(goal, fakeTimer({ right: 2, other: 1 }).timer, { example });
  const chooseFamily = chooseFrom(choices);
  const chosenFor = async (families: readonly KernelFamily[], times?: number) =>
    (await engine.compile({ ...doubles(families, times).goal, chooseFamily })).families.map(({ chosen, picked }) => [
      chosen,
      picked,
    ]);
  expect(await chosenFor([right, other], 2)).toEqual([
    ["other", true],
    ["other", true],
  ]);
  expect(await chosenFor([right, familyWith("other", "x * 2")])).toEqual([["right", false]]);
  expect(await chosenFor([right])).toEqual([["right", false]]);
});

test("an engine heeds the choices of its own adapter and lets a caller choose otherwise", async () => {
  const { goal, example } = doubles([right, other]);
  const { choices, report } = await engine.tune(goal, { example, secondsPerOp: 0.05 });
  for (const { milliseconds } of report[0]!.families) expect(milliseconds).toBeGreaterThan(0);
  const preferOther = choices.map((choice) => ({ ...choice, family: "other" }));
  const foreign = choices.map((choice) => ({ ...choice, adapter: "another / GPU" }));
  const tuned = await createEngine({ tuning: [...preferOther, ...foreign] });
  expect(tuned.tuning).toEqual(preferOther);
  expect((await tuned.compile(goal)).families).toMatchObject([{ chosen: "other", picked: true }]);
  expect((await tuned.compile({ ...goal, chooseFamily: () => "right" })).families).toMatchObject([{ chosen: "right" }]);
  expect((await (await createEngine({ tuning: foreign })).compile(goal)).families).toMatchObject([
    { chosen: "right", picked: false },
  ]);
  tuned.dispose();
});

test("what only one family reads counts as its cost, and the inputs come from a run of the graph", async () => {
  const graph = new Graph();
  const [users, length, interests, d] = [6, 5, 2, 8];
  const table = graph.parameter("table", [20, d], ([rows]) => normals([rows!, d]).data as Float32Array);
  const ids = graph.input("ids", "u32", [users, length]);
  const lengths = graph.input("lengths", "u32", [users]);
  const counts = graph.constant("counts", [users], new Uint32Array(users).fill(interests));
  const logits = graph.constant("logits", [length, interests], initialLogits(length, interests, { seed: 1 }));
  const transform = graph.parameter("s", [d, d], (shape) => normals(shape, 2, 0.3).data as Float32Array);
  const routed = route(gather(table, ids), transform, lengths, counts, logits);
  const goal = { outputs: { routed } };
  const example = {
    ids: Uint32Array.from({ length: users * length }, (_, i) => (7 * i) % 20),
    lengths: Uint32Array.of(5, 3, 0, 1, 4, 5),
  };
  const dispatches = new Map<string, number>();
  const timer: Timer = {
    ...deviceTimer,
    async time(program) {
      const { node, chosen } = program.families.at(-1)!;
      if (node.op.name === "route") dispatches.set(chosen, program.dispatches);
      return deviceTimer.time(program);
    },
  };
  const { report } = await tuneWith(goal, timer, { example, secondsPerOp: 0.05 });
  const { families } = report.find(({ op }) => op === "route")!;
  expect(families.filter(({ refused }) => refused)).toEqual([]);
  expect(families.map(({ name }) => name)).toEqual(["workgroup", "general"]);
  expect(dispatches.get("general")).toBe(2);
  expect(dispatches.get("workgroup")).toBe(1);
});

test("an example that lacks an input is refused in one line", async () => {
  const { goal } = doubles([right, other]);
  await expect(engine.tune(goal)).rejects.toThrow(
    "run: expected input x, a Float32Array of 15 elements, shape [3, 5]; got nothing",
  );
  const references = await createEngine({ adapter: "cpu" });
  await expect(references.tune(goal)).rejects.toThrow("tune: the references on the CPU are no kernels to choose among");
});
