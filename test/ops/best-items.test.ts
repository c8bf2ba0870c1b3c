import { expect, test } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.ts";
import { bestItems } from "../../src/ops/best-items.ts";
import { filterWords, bestItems as reference } from "../../src/reference/best-items.ts";
import { describeOp, integers, normals, numbers, type OpCase } from "../support/op.ts";

const sizes = { users: 1, interests: 2, candidates: 5, dimension: 2 };
const table = Float64Array.of(9, 9, 1, 0, 0, 2, 2, 0, 0, 1);
const both = {
  interests: Float64Array.of(1, 0, 0, 1),
  counts: Uint32Array.of(2),
  table,
  hidden: Uint32Array.of(0),
};

test("items come by their best score, the lower id first among equal ones, each with the interest that found it", () => {
  const [items, scores, found] = reference(both, sizes, 5);
  expect([...items]).toEqual([2, 3, 1, 4, 0]);
  expect([...scores]).toEqual([2, 2, 1, 1, 0]);
  expect([...found]).toEqual([1, 0, 0, 1, 0]);
});

test("hidden items, those that are not allowed and the padding are not found", () => {
  const [items] = reference({ ...both, hidden: Uint32Array.of(2) }, sizes, 2);
  expect([...items]).toEqual([3, 1]);
  const filter = { allowed: Uint32Array.of(0b10011), filters: Uint32Array.of(1) };
  expect([...reference({ ...both, ...filter }, sizes, 3)[0]]).toEqual([1, 4, 0]);
  expect([...reference({ ...both, ...filter, filters: Uint32Array.of(0) }, sizes, 3)[0]]).toEqual([2, 3, 1]);
});

test("a user without interests is given nothing, and an item whose score is not a number is not found", () => {
  expect([...reference({ ...both, counts: Uint32Array.of(0) }, sizes, 2)[0]]).toEqual([0, 0]);
  const spoilt = Float64Array.from(table).fill(Number.NaN, 4, 6);
  expect([...reference({ ...both, table: spoilt }, sizes, 2)[0]]).toEqual([3, 1]);
});

test("more items than the kernels keep are refused, and shapes that do not fit", () => {
  const graph = new Graph();
  const of = (name: string, shape: number[]) => graph.input(name, name === "v" || name === "e" ? "f32" : "u32", shape);
  const [v, counts, e, hidden] = [of("v", [3, 2, 8]), of("counts", [3]), of("e", [70, 8]), of("hidden", [3, 5])];
  expect(() => bestItems(v, counts, e, { top: 1025, hidden })).toThrow(/top from 1 to 1024, got 1025/);
  expect(() => bestItems(v, counts, e, { top: 0, hidden })).toThrow(/got 0/);
  expect(() => bestItems(v, counts, e, { top: 5, hidden: of("short", [2, 5]) })).toThrow(/hidden \[B, X\].*\[2, 5\]/);
  const filter = { allowed: of("allowed", [1, 2]), filters: of("filters", [3]) };
  expect(() => bestItems(v, counts, e, { top: 5, hidden, filter })).toThrow(/allowed \[F, ceil/);
});

interface Sizes {
  readonly users: number;
  readonly interests: number;
  readonly rows: number;
  readonly d: number;
  readonly top: number;
  readonly counts?: readonly number[];
  readonly slots?: number;
}

const applying =
  (top: number): OpCase["apply"] =>
  (values) => {
    const { interests, counts, table: items, hidden, allowed, filters } = values as Record<string, Value>;
    const filter = allowed && filters ? { filter: { allowed, filters } } : {};
    const { items: ids, scores, found } = bestItems(interests!, counts!, items!, { top, hidden: hidden!, ...filter });
    return [ids, scores, found];
  };

function random(name: string, { users, interests, rows, d, top, counts, slots = 1 }: Sizes): OpCase {
  const hidden = Array.from({ length: users }, (_, b) =>
    Array.from({ length: slots }, (_, i) => (b % 2 === 1 && i < slots / 2 ? 0 : (i * 7 + b) % rows)).sort(
      (one, other) => one - other,
    ),
  );
  return {
    name,
    feeds: {
      interests: normals([users, interests, d], 1),
      counts: integers([users], counts ?? Array.from({ length: users }, (_, b) => (b % interests) + 1)),
      table: normals([rows, d], 2),
      hidden: integers([users, slots], hidden.flat()),
    },
    apply: applying(top),
    differentiate: [],
    // Sums over many terms, some of which cancel.
    tolerance: 2e-5,
  };
}

/** Scores that are whole numbers, most of them shared by many items. */
function tied(name: string, rows: number, top: number, scoreOf: (row: number) => number): OpCase {
  return {
    name,
    feeds: {
      interests: numbers([2, 2, 1], [1, 0, 0, 1]),
      counts: integers([2], [2, 2]),
      table: numbers(
        [rows, 1],
        Array.from({ length: rows }, (_, row) => scoreOf(row)),
      ),
      hidden: integers([2, 2], [0, 5, 3, 4]),
    },
    apply: applying(top),
    differentiate: [],
  };
}

const filtered = random("filters for some users", { users: 4, interests: 3, rows: 90, d: 8, top: 12, slots: 3 });
const words = filterWords(90);

describeOp("bestItems", [
  random("3 users of up to 4 interests", { users: 3, interests: 4, rows: 50, d: 8, top: 10 }),
  random("top 1", { users: 5, interests: 2, rows: 40, d: 4, top: 1 }),
  random("more asked for than there are", { users: 2, interests: 3, rows: 9, d: 4, top: 13 }),
  random("a user without interests", { users: 3, interests: 2, rows: 30, d: 4, top: 6, counts: [0, 2, 1] }),
  random("one interest each", { users: 11, interests: 1, rows: 70, d: 12, top: 7 }),
  random("5 interests, more than one chunk of them", { users: 3, interests: 5, rows: 60, d: 8, top: 8 }),
  random("many hidden", { users: 4, interests: 3, rows: 120, d: 8, top: 20, slots: 31 }),
  random("all hidden", { users: 1, interests: 2, rows: 4, d: 4, top: 3, slots: 4 }),
  random("only the padding", { users: 2, interests: 2, rows: 1, d: 4, top: 2 }),
  random("a thousand of 1500", { users: 2, interests: 2, rows: 1500, d: 4, top: 1000 }),
  {
    ...random("chunks of three windows", { users: 3, interests: 4, rows: 141, d: 8, top: 20, slots: 5 }),
    tableWindowBytes: 64 * 32,
  },
  random("more users than a workgroup, several chunks", { users: 1100, interests: 1, rows: 2100, d: 4, top: 5 }),
  {
    ...filtered,
    feeds: {
      ...filtered.feeds,
      allowed: integers([2, words], [0x0f0f0f0f, 0, 0xffffffff, 0, 0, 0]),
      filters: integers([4], [1, 0, 2, 1]),
    },
  },
  tied("ties of all items", 80, 10, () => 1),
  tied("ties at the end of the list", 80, 10, (row) => row % 3),
  tied("scores that rise, so that each item is better than all before", 1300, 9, (row) => row),
  tied("scores that fall", 1300, 9, (row) => -row),
  tied("scores that are not numbers", 60, 20, (row) => (row % 2 === 0 ? Number.NaN : row)),
]);
