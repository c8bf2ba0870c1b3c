import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acquireDevice } from "../src/device/adapter.ts";
import { createEngine, type Engine } from "../src/engine.ts";
import type { RouteCall } from "../src/plain-ops.ts";
import { expectClose, normals } from "./support/op.ts";

/** The fixed inputs that four independent engines were measured with: 256 users, 50 behaviours, 64 wide, 4 interests. */
function sharedWorkload() {
  const [batch, length, dimension, interests] = [256, 50, 64, 4];
  const uniform = (count: number, seed: number) => {
    const out = new Float32Array(count);
    let state = seed;
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      out[i] = state / 2147483648 - 1;
    }
    return out;
  };
  const behaviours = uniform(batch * length * dimension, 1);
  const upstream = uniform(batch * interests * dimension, 4);
  const shares = uniform(batch, 5);
  const call: RouteCall = {
    batch,
    length,
    dimension,
    interests,
    iterations: 3,
    lengths: Uint32Array.from(shares, (share) => Math.min(length, 1 + Math.floor(((share + 1) / 2) * length))),
    transform: uniform(dimension * dimension, 2).map((value) => value * 0.1),
    logits: uniform(interests * length, 3),
    interestCounts: new Uint32Array(batch).fill(interests),
  };
  return { behaviours, upstream, call };
}

const checksum = (values: Float32Array) => values.reduce((sum, value, i) => sum + value * ((i % 7) + 1), 0);

/** A small valid call to spoil. */
const small: RouteCall = {
  batch: 2,
  length: 4,
  dimension: 3,
  interests: 2,
  transform: normals([3, 3], 2).data as Float32Array,
};
const rows = normals([2, 4, 3]).data as Float32Array;

const badCalls: [string, Float32Array, Partial<RouteCall>, string][] = [
  [
    "NaN behaviours",
    rows.with(5, Number.NaN),
    {},
    "route: expected finite numbers in behaviours, got NaN at element 5",
  ],
  [
    "infinite transform",
    rows,
    { transform: new Float32Array(9).fill(Number.POSITIVE_INFINITY) },
    "route: expected finite numbers in transform, got Infinity at element 0",
  ],
  ["too few behaviours", rows.slice(1), {}, "route: expected behaviours of 24 elements, shape [2, 4, 3]; got 23"],
  [
    "more interests than behaviours",
    rows,
    { interests: 5 },
    "route: expected at most as many interests as behaviours, got interests 5 and length 4",
  ],
  [
    "lengths beyond the history",
    rows,
    { lengths: Uint32Array.of(1, 9) },
    "route: expected lengths of at most 4, got 9 at element 1",
  ],
  [
    "lengths of another batch",
    rows,
    { lengths: Uint32Array.of(1) },
    "route: expected lengths of 2 elements, shape [2]; got 1",
  ],
  [
    "logits of another shape",
    rows,
    { logits: new Float32Array(7) },
    "route: expected logits of 8 elements, shape [2, 4]; got 7",
  ],
  ["no iterations", rows, { iterations: 0 }, "route: expected iterations to be a whole number from 1, got 0"],
];

for (const adapter of ["auto", "cpu"] as const) {
  describe(`engine on ${adapter}`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine({ adapter });
    });
    afterAll(() => engine.dispose());

    test("routing agrees with four independent engines, forward and gradients", async () => {
      const { behaviours, upstream, call } = sharedWorkload();
      expect(Math.abs(checksum(await engine.route(behaviours, call)) + 119.107)).toBeLessThan(0.01);
      const gradient = await engine.routeGradient(behaviours, upstream, call);
      expect(Math.abs(checksum(gradient.transform) - 338.78)).toBeLessThan(0.01);
      expect(Math.abs(checksum(gradient.behaviours) - 495.14)).toBeLessThan(0.01);
    });

    for (const [name, behaviours, change, message] of badCalls) {
      test(`${name}: refused in one line`, async () => {
        await expect(engine.route(behaviours, { ...small, ...change })).rejects.toThrow(message);
      });
    }

    test("the same user gets the same interests alone and in a batch, at any place in it", async () => {
      const history = normals([1, 4, 3], 7).data as Float32Array;
      const alone = await engine.route(history, { ...small, batch: 1 });
      const batch = await engine.route(Float32Array.of(...rows.slice(0, 12), ...history), small);
      expect([...batch.slice(6)]).toEqual([...alone]);
    });

    test("calls that overlap each get their own result", async () => {
      const inputs = [1, 2, 3, 4].map((seed) => normals([2, 4], seed).data as Float32Array);
      const results = await Promise.all(inputs.map((z) => engine.squash(z, { rows: 2, dimension: 4 })));
      for (const [i, z] of inputs.entries())
        expect(results[i]).toEqual(await engine.squash(z, { rows: 2, dimension: 4 }));
    });
  });
}

test("every plain call and gradient gives the same on the device and on the CPU", async () => {
  const [device, cpu] = [await createEngine(), await createEngine({ adapter: "cpu" })];
  const z = normals([4, 6], 1).data as Float32Array;
  const upstream = normals([4, 6], 2).data as Float32Array;
  const transform = normals([6, 6], 3).data as Float32Array;
  const interests = normals([4, 3, 6], 4).data as Float32Array;
  const calls: Record<string, (engine: Engine) => Promise<Float32Array | Record<string, Float32Array>>> = {
    squash: (engine) => engine.squash(z, { rows: 4, dimension: 6 }),
    squashGradient: (engine) => engine.squashGradient(z, upstream, { rows: 4, dimension: 6 }),
    maskedSoftmax: (engine) => engine.maskedSoftmax(z, { rows: 4, width: 6, lengths: Uint32Array.of(6, 0, 3, 1) }),
    maskedSoftmaxGradient: (engine) =>
      engine.maskedSoftmaxGradient(z, upstream, { rows: 4, width: 6, lengths: Uint32Array.of(6, 0, 3, 1) }),
    bilinear: (engine) => engine.bilinear(z, { rows: 4, dimension: 6, transform }),
    bilinearGradient: (engine) => engine.bilinearGradient(z, upstream, { rows: 4, dimension: 6, transform }),
    labelAwareAttention: (engine) =>
      engine.labelAwareAttention(interests, z, { batch: 4, interests: 3, dimension: 6, mode: "scaled" }),
    labelAwareAttentionGradient: (engine) =>
      engine.labelAwareAttentionGradient(interests, z, upstream, {
        batch: 4,
        interests: 3,
        dimension: 6,
        mode: "scaled",
      }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const [got, want] = [await call(device), await call(cpu)];
    if (got instanceof Float32Array) expectClose(name, got, want as Float32Array, 1e-5);
    else
      for (const [part, array] of Object.entries(got))
        expectClose(`${name} ${part}`, array, (want as typeof got)[part]!, 1e-5);
  }
  device.dispose();
  cpu.dispose();
});

test("an engine says when its device is lost, and computes no more", async () => {
  const { device } = await acquireDevice();
  const engine = await createEngine({ device });
  expect(engine.problem()).toBeUndefined();
  device.destroy();
  await device.lost;
  expect(engine.problem()).toMatch(/^the GPU device was lost \(destroyed\)/);
  await expect(engine.squash(new Float32Array(4), { rows: 1, dimension: 4 })).rejects.toThrow(/device was lost/);
});
