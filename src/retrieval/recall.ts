import { fail } from "../errors.ts";
import type { Hit, ItemIndex, Query } from "./item-index.ts";

/** Mean over queries of the share of the exact top N that an index finds. */
export async function recallOf(
  index: ItemIndex,
  queries: readonly Query[],
  exact: readonly (readonly Hit[])[],
  at: number,
): Promise<number> {
  const found = await index.search(queries, at);
  let sum = 0;
  for (const [i, hits] of found.entries()) {
    const wanted = new Set(exact[i]!.map(({ item }) => item));
    sum += wanted.size === 0 ? 1 : hits.filter(({ item }) => wanted.has(item)).length / wanted.size;
  }
  return queries.length === 0 ? fail("recall: expected at least one query") : sum / queries.length;
}

/** The smallest of the factors that reaches the recall, or the largest where none does. */
export async function factorFor(
  indexWith: (factor: number) => ItemIndex,
  queries: readonly Query[],
  exact: readonly (readonly Hit[])[],
  { at, target }: { readonly at: number; readonly target: number },
): Promise<{ readonly factor: number; readonly recall: number }> {
  let best = { factor: 1, recall: 0 };
  for (const factor of [1, 2, 4, 8, 16, 32]) {
    best = { factor, recall: await recallOf(indexWith(factor), queries, exact, at) };
    if (best.recall >= target) break;
  }
  return best;
}
