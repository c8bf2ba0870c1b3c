import fc from "fast-check";
import { expect, test } from "vitest";
import { createEngine } from "../../src/engine.ts";
import { Graph } from "../../src/graph/graph.ts";
import { rowOrder } from "../../src/ops/row-order.ts";
import { createRowOrder } from "../../src/reference/row-order.ts";

const sorted = (...parts: number[][]) => {
  const sort = createRowOrder(parts.flat().length);
  const { order, rows, starts, count } = sort(parts.map((ids) => Uint32Array.from(ids)));
  return { order: [...order], rows: [...rows], starts: [...starts], count: count[0]! };
};

test("occurrences are grouped by row, in order, and id 0 is dropped", () => {
  expect(sorted([7, 0, 3, 7], [3, 9])).toEqual({
    order: [2, 4, 0, 3, 5, 0],
    rows: [3, 7, 9, 0, 0, 0],
    starts: [0, 2, 4, 5, 5, 5, 5],
    count: 3,
  });
});

test("only padding gives no rows", () => {
  expect(sorted([0, 0])).toEqual({ order: [0, 0], rows: [0, 0], starts: [0, 0, 0], count: 0 });
});

test("any ids, of 32 bits too: a stable sort of the occurrences", () => {
  const ids = fc.oneof(fc.nat(5), fc.nat(5000), fc.integer({ min: 0, max: 0xffffffff }));
  const parts = fc.array(fc.array(ids, { maxLength: 40 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(parts, (some) => {
      const all = some.flat();
      const expected = all.map((id, occurrence) => ({ id, occurrence })).filter(({ id }) => id !== 0);
      expected.sort((a, b) => a.id - b.id || a.occurrence - b.occurrence);
      const { order, rows, starts, count } = sorted(...some);
      expect(order.slice(0, expected.length)).toEqual(expected.map(({ occurrence }) => occurrence));
      expect(rows.slice(0, count)).toEqual([...new Set(expected.map(({ id }) => id))]);
      for (let row = 0; row < count; row++) {
        for (const occurrence of order.slice(starts[row], starts[row + 1])) expect(all[occurrence]).toBe(rows[row]);
      }
      expect(starts.slice(count).every((start) => start === expected.length)).toBe(true);
    }),
  );
});

test("a second sort leaves nothing of the first", () => {
  const sort = createRowOrder(4);
  sort([Uint32Array.of(5, 6, 7, 8)]);
  const { order, rows, starts, count } = sort([Uint32Array.of(0, 2, 0, 2)]);
  expect([[...order], [...rows], [...starts], [...count]]).toEqual([[1, 3, 0, 0], [2, 0, 0, 0], [0, 2, 2, 2, 2], [1]]);
});

test("53,000 ids of a table of a million rows are sorted in a few milliseconds", () => {
  const sort = createRowOrder(53_000);
  const ids = Uint32Array.from({ length: 53_000 }, (_, i) => (i * 2654435761) % 1_000_000);
  const times = Array.from({ length: 40 }, () => {
    const start = performance.now();
    sort([ids]);
    return performance.now() - start;
  });
  // Measured at 1.5 ms; the bound leaves room for a busy machine.
  expect(Math.min(...times)).toBeLessThan(6);
});

test("float ids are refused", () => {
  const graph = new Graph();
  expect(() => rowOrder([graph.input("ids", "f32", [3])])).toThrow("rowOrder: expected u32 ids, got ids [3]");
});

test("as an op, it runs through the parts of a batch", async () => {
  const graph = new Graph();
  const history = graph.input("history", "u32", [2, 3]);
  const targets = graph.input("targets", "u32", [2]);
  const { order, rows, starts, count } = rowOrder([history, targets]);
  const engine = await createEngine({ adapter: "cpu" });
  const program = await engine.compile({ outputs: { order, rows, starts, count } });
  await program.run({ history: Uint32Array.of(4, 0, 1, 4, 2, 0), targets: Uint32Array.of(2, 9) });
  expect(await program.read("order")).toEqual(Uint32Array.of(2, 4, 6, 0, 3, 7, 0, 0));
  expect(await program.read("rows")).toEqual(Uint32Array.of(1, 2, 4, 9, 0, 0, 0, 0));
  expect(await program.read("starts")).toEqual(Uint32Array.of(0, 1, 3, 5, 6, 6, 6, 6, 6));
  expect(await program.read("count")).toEqual(Uint32Array.of(4));
});
