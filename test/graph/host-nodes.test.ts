import { expect, test } from "vitest";
import { createEngine } from "../../src/engine.ts";
import { Graph, type Op, type Value } from "../../src/graph/graph.ts";
import { allocateArrays, createHostNodes } from "../../src/graph/host-nodes.ts";
import { interpret } from "../../src/graph/interpreter.ts";
import { plan } from "../../src/graph/plan.ts";
import { adamSchedule } from "../../src/ops/adam.ts";
import { expandMembers } from "../../src/ops/embedding-bag.ts";
import { interestCounts } from "../../src/ops/interest-counts.ts";
import { rowOrder } from "../../src/ops/row-order.ts";
import { valueCounts } from "../../src/ops/value-counts.ts";

const halves: Op = {
  name: "halves",
  host: true,
  outputs: ([x]) => [{ shape: x!.shape }],
  reference: ([x]) => [(x!.data as Float64Array).map((value) => value / 2)],
};

const halvesOnDevice: Op = { ...halves, name: "halvesOnDevice", host: false };

/** A graph with every host op of the package, one that reads another's output, and one without a host kernel. */
function everyHostOp() {
  const graph = new Graph();
  const ids = graph.input("ids", "u32", [3, 4]);
  const members = graph.constant("members", [6, 2], Uint32Array.of(0, 0, 1, 9, 2, 0, 0, 0, 4, 8, 0, 5));
  const { expanded, share } = expandMembers(members, ids);
  const outputs: Record<string, Value> = {
    expanded,
    share,
    ...rowOrder([expanded, graph.input("targets", "u32", [2])]),
    valueCounts: valueCounts(ids),
    interestCounts: interestCounts(graph.input("lengths", "u32", [3]), 4),
    schedule: adamSchedule(graph.input("step", "u32", [1]), { rate: 1e-3, beta1: 0.9, beta2: 0.999 }),
    halves: graph.apply(halves, [graph.input("weights", "f32", [3])], undefined)[0]!,
  };
  return { outputs, plan: plan({ outputs }) };
}

const feeds = [
  { ids: [1, 2, 4, 5, 3, 1, 0, 0, 5, 5, 5, 0], targets: [9, 1], lengths: [4, 2, 50], step: [1], weights: [1, 3, 0.1] },
  { ids: [0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0], targets: [0, 7], lengths: [0, 1, 7], step: [1000], weights: [0, 7, -1] },
].map(({ weights, ...ids }) => ({
  ...Object.fromEntries(Object.entries(ids).map(([name, values]) => [name, Uint32Array.from(values)])),
  weights: Float32Array.from(weights),
}));

test("host ops compute into the same memory what their references compute, with nothing left of the run before", () => {
  const { outputs, plan } = everyHostOp();
  const nodes = createHostNodes(plan);
  const arrays = allocateArrays(nodes.values);
  for (const array of arrays) array.fill(4_000_000_000);
  for (const feed of [...feeds, feeds[0]!]) {
    nodes.compute(feed, arrays);
    const wanted = interpret(plan, feed, new Map());
    for (const [name, value] of Object.entries(outputs)) {
      const { data } = wanted.get(value)!;
      expect(arrays[nodes.values.indexOf(value)], name).toEqual(
        value.type === "u32" ? data : Float32Array.from(data as Float64Array),
      );
    }
  }
});

test.each(["auto", "cpu"] as const)(
  "a run on %s takes what was computed elsewhere in place of computing it, even in shared memory",
  async (adapter) => {
    const { outputs, plan } = everyHostOp();
    const nodes = createHostNodes(plan);
    const shared = allocateArrays(nodes.values).map((array) =>
      array instanceof Uint32Array
        ? new Uint32Array(new SharedArrayBuffer(array.byteLength))
        : new Float32Array(new SharedArrayBuffer(array.byteLength)),
    );
    const engine = await createEngine({ adapter });
    const program = await engine.compile({ outputs });
    nodes.compute(feeds[1]!, shared);
    await program.run(feeds[0]!, shared);
    for (const [name, value] of Object.entries(outputs)) {
      expect([...(await program.read(name))], name).toEqual([...shared[nodes.values.indexOf(value)]!]);
    }
    await expect(program.run(feeds[0]!, shared.slice(1))).rejects.toThrow(
      `run: expected ${shared.length} computed arrays, got ${shared.length - 1}`,
    );
    await expect(program.run(feeds[0]!, shared.toReversed())).rejects.toThrow(
      "run: expected the computed expandMembers.0.0 as u32 [3, 4, 2]; got a Float32Array of 3 elements",
    );
    engine.dispose();
  },
);

test("what the host computes is computed once in a run, on the CPU engine too", async () => {
  let calls = 0;
  const counted: Op = {
    ...halves,
    reference(inputs) {
      calls++;
      return halves.reference(inputs, undefined);
    },
  };
  const graph = new Graph();
  const half = graph.apply(counted, [graph.input("weights", "f32", [3])], undefined)[0]!;
  const outputs = { half, fourth: graph.apply(halvesOnDevice, [half], undefined)[0]! };
  const engine = await createEngine({ adapter: "cpu" });
  const program = await engine.compile({ outputs });
  const weights = Float32Array.of(4, 8, 12);
  await program.run({ weights });
  expect(calls).toBe(1);
  const nodes = createHostNodes(program.plan);
  const arrays = allocateArrays(nodes.values);
  nodes.compute({ weights }, arrays);
  await program.run({ weights }, arrays);
  expect(calls).toBe(2);
  expect([...(await program.read("fourth"))]).toEqual([1, 2, 3]);
});
