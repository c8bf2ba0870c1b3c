import { fail } from "../errors.ts";
import type { ItemCategories } from "../evaluation/categories.ts";
import type { Hit } from "./item-index.ts";

/** How the items that a user's interests find become one list. */
export type Policy =
  /** By the best score of each item. */
  | { readonly kind: "best" }
  /** Each interest fills an equal share of the list with its own best items, the first ones of the user a place more. */
  | { readonly kind: "quota" }
  /** ComiRec's greedy choice (KDD 2020): score + lambda for each item of the list that is of no common category. */
  | { readonly kind: "diversity"; readonly lambda: number; readonly categories: ItemCategories };

/** One list for each interest, by score. */
type Lists = readonly (readonly Hit[])[];

/** The items of several lists, each once with its best score; the lower interest where two score the same. */
export function mergeBest(lists: Lists, top: number): Hit[] {
  const best = new Map<number, Hit>();
  for (const hit of lists.flat()) {
    const known = best.get(hit.item);
    if (!known || hit.score > known.score || (hit.score === known.score && hit.interest < known.interest))
      best.set(hit.item, hit);
  }
  return [...best.values()].sort(byScore).slice(0, top);
}

/**
 * Each interest in turn gives its best item that is not in the list yet, so that no interest has more than one item more than another
 * that still has some. The list is then ordered by score.
 */
export function fillQuotas(lists: Lists, top: number): Hit[] {
  const chosen = new Map<number, Hit>();
  const next = lists.map(() => 0);
  let isEmpty = false;
  while (chosen.size < top && !isEmpty) {
    isEmpty = true;
    for (const [j, list] of lists.entries()) {
      while (next[j]! < list.length && chosen.has(list[next[j]!]!.item)) next[j]!++;
      const hit = list[next[j]!];
      if (!hit || chosen.size === top) continue;
      chosen.set(hit.item, hit);
      isEmpty = false;
    }
  }
  return [...chosen.values()].sort(byScore);
}

/**
 * Greedy: the next item is the one of highest `score + lambda * (items of the list that share no category with it)`; the higher
 * score, then the lower id where two are equal. An item without categories shares none.
 */
export function diversify(
  lists: Lists,
  top: number,
  { lambda, categories }: { readonly lambda: number; readonly categories: ItemCategories },
): Hit[] {
  if (!(lambda >= 0)) fail(`diversity: expected lambda of at least 0, got ${lambda}`);
  const left = mergeBest(lists, Number.POSITIVE_INFINITY);
  const gains = left.map(({ score }) => score);
  const list: Hit[] = [];
  while (list.length < top && left.length > 0) {
    let at = 0;
    // `left` is in the order in which ties are resolved.
    for (let i = 1; i < left.length; i++) if (gains[i]! > gains[at]!) at = i;
    const [chosen] = left.splice(at, 1) as [Hit];
    gains.splice(at, 1);
    list.push(chosen);
    for (const [i, { item }] of left.entries()) {
      if (!shareCategory(categories, chosen.item, item)) gains[i]! += lambda;
    }
  }
  return list;
}

function shareCategory({ values, width }: ItemCategories, one: number, other: number): boolean {
  const own = values.subarray(one * width, (one + 1) * width);
  const others = values.subarray(other * width, (other + 1) * width);
  return own.some((category) => category > 0 && others.includes(category));
}

const byScore = (one: Hit, other: Hit) => other.score - one.score || one.item - other.item;
