import { expect, test } from "vitest";
import { bruteForce } from "../../bench/peers/brute-force.ts";
import type { RetrievalInputs } from "../../bench/peers/retrieval-peer.ts";
import { usearchExact } from "../../bench/peers/usearch-exact.ts";
import { bestItems } from "../../src/reference/best-items.ts";
import { normals } from "../support/op.ts";

const sizes = { users: 3, items: 200, interests: 5, dimension: 8 };
const inputs: RetrievalInputs = {
  sizes,
  top: 30,
  table: normals([sizes.items + 1, sizes.dimension], 1).data as Float32Array,
  interests: normals([sizes.users, sizes.interests, sizes.dimension], 2).data as Float32Array,
};
const [items, scores, found] = bestItems(
  {
    interests: Float64Array.from(inputs.interests),
    counts: new Uint32Array(sizes.users).fill(sizes.interests),
    table: Float64Array.from(inputs.table),
    hidden: new Uint32Array(sizes.users),
  },
  { ...sizes, candidates: sizes.items + 1 },
  inputs.top,
);

test.each([
  ["brute force", async () => bruteForce(inputs)],
  ["usearch's exact search", async () => (await usearchExact(inputs))!],
])("%s finds what the definition says, each item with the interest that found it", async (_, make) => {
  const peer = await make();
  const lists = await peer.search(sizes.users);
  const hits = lists.flat();
  expect(hits.map(({ item }) => item)).toEqual([...items]);
  expect(hits.map(({ interest }) => interest)).toEqual([...found]);
  for (const [i, { score }] of hits.entries()) expect(score).toBeCloseTo(scores[i]!, 4);
  peer.dispose();
});

test("brute force puts the lower id first among equal scores, and finds no more than there are", async () => {
  const same = { ...inputs, top: 300, table: inputs.table.map(() => 1) };
  const [list] = await bruteForce(same).search(1);
  expect(list!.map(({ item }) => item)).toEqual(Array.from({ length: sizes.items }, (_, i) => i + 1));
});
