// Exact retrieval side by side: this project, usearch's exact search, and brute force in plain TypeScript.
import type { Engine } from "../src/engine.ts";
import { fail } from "../src/errors.ts";
import type { Hit } from "../src/retrieval/item-index.ts";
import { type Patience, time } from "./harness.ts";
import type { AdapterLimits } from "./limits.ts";
import { floats } from "./numbers.ts";
import { bruteForce } from "./peers/brute-force.ts";
import { polymindExact } from "./peers/polymind-exact.ts";
import type { RetrievalInputs, RetrievalPeer, RetrievalSizes } from "./peers/retrieval-peer.ts";
import { usearchExact } from "./peers/usearch-exact.ts";
import { type Row, withFloor } from "./report.ts";
import type { Comparison } from "./routing.ts";

/** Users whose lists are compared before anything is timed. */
const compared = 2;
/** Largest difference of two scores, relative to the best. */
const tolerance = 1e-5;

/** The best 100 items of each user. Others are slower: a call of theirs is for fewer users, so that it takes no longer. */
export async function compareRetrieval(
  engine: Engine,
  sizes: RetrievalSizes,
  limits: AdapterLimits,
  patience: Patience,
): Promise<Comparison> {
  const { users, items, interests, dimension } = sizes;
  const inputs: RetrievalInputs = {
    sizes,
    top: Math.min(100, items),
    table: floats([items + 1, dimension], 1).data as Float32Array,
    interests: floats([users, interests, dimension], 2).data as Float32Array,
  };
  const plain = bruteForce(inputs);
  const own = polymindExact(engine, inputs);
  const wanted = await plain.search(compared);
  const peers: readonly (readonly [name: string, users: number, peer: RetrievalPeer | undefined])[] = [
    ["polymind", users, own],
    ["polymind", 1, own],
    ["usearch, exactSearch", Math.ceil(users / 8), await usearchExact(inputs)],
    ["plain TypeScript", Math.ceil(users / 16), plain],
  ];
  const rows: Row[] = [];
  const missing: string[] = [];
  for (const [name, together, peer] of peers) {
    if (peer === undefined) {
      missing.push(`${name} is missing: npm install usearch`);
      continue;
    }
    requireSame(name, await peer.search(compared), wanted, inputs);
    const timing = await time(name, () => peer.search(together), patience);
    const measured = {
      name: "retrieval",
      engine: name,
      shape: `${together} x K ${interests} x ${dimension}, V ${items}, top ${inputs.top}`,
      ...timing,
      clock: "host" as const,
      flops: 2 * together * interests * items * dimension,
      bytes: 4 * items * dimension,
      samples_per_second: (1000 * together) / timing.median_ms,
    };
    rows.push(withFloor(limits, measured, limits.empty_call_ms));
  }
  for (const peer of new Set(peers.map(([, , peer]) => peer))) peer?.dispose();
  return { rows, missing };
}

/** Fails unless the lists have the wanted scores, and each item the score that is said of it; items of nearly one score may change places. */
function requireSame(
  name: string,
  got: readonly (readonly Hit[])[],
  want: readonly (readonly Hit[])[],
  { table, interests, sizes }: RetrievalInputs,
): void {
  const { dimension, interests: interestCount } = sizes;
  for (const [user, list] of want.entries()) {
    const found = got[user]!;
    if (found.length !== list.length) fail(`${name}, retrieval: expected ${list.length} items, got ${found.length}`);
    const close = (one: number, other: number) => Math.abs(one - other) <= tolerance * list[0]!.score;
    for (const [rank, { item, score, interest }] of found.entries()) {
      const from = (user * interestCount + interest) * dimension;
      let product = 0;
      for (let c = 0; c < dimension; c++) product += interests[from + c]! * table[item * dimension + c]!;
      if (close(score, list[rank]!.score) && close(score, product)) continue;
      fail(
        `${name}, retrieval: user ${user}, rank ${rank + 1}: got item ${item} of score ${score}, want item ${list[rank]!.item} of ${list[rank]!.score}; nothing was timed`,
      );
    }
    if (new Set(found.map(({ item }) => item)).size !== found.length) fail(`${name}, retrieval: an item comes twice`);
  }
}
