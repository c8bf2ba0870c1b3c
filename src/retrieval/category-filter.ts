import type { FeatureTable } from "../data/features.ts";
import { categoriesOf, type ItemCategories } from "../evaluation/categories.ts";

/** Categories of items, with their names; `names[0]` belongs to category 1. */
export interface NamedCategories extends ItemCategories {
  readonly names: readonly string[];
}

/** The categories in a column of the items' features, by default the first; undefined where there are no features. */
export function namedCategories(
  table: FeatureTable | undefined,
  column = table?.fields[0]?.name,
): NamedCategories | undefined {
  if (table === undefined || table.fields.length === 0) return undefined;
  const names = table.fields.find(({ name }) => name === column)?.values ?? [];
  return { ...categoriesOf(table, column), names };
}

/** Gives the items of any of some categories; `refuse` ends the call where one is unknown. */
export type ItemsOfCategories = (asked: readonly string[], refuse: (message: string) => never) => number[];

/** Known categories that a message lists. */
const shown = 10;

/** Finds the items of categories by their names. */
export function itemsByCategory({ values, width, names }: NamedCategories): ItemsOfCategories {
  const items = new Map(names.map((name): [string, number[]] => [name, []]));
  for (const [place, category] of values.entries()) {
    if (category > 0) items.get(names[category - 1]!)!.push(Math.floor(place / width));
  }
  return (asked, refuse) => {
    const stray = asked.find((name) => !items.has(name));
    if (stray !== undefined) {
      const more = names.length > shown ? ` and ${names.length - shown} more` : "";
      refuse(`no category ${JSON.stringify(stray.slice(0, 50))}; there are ${names.slice(0, shown).join(", ")}${more}`);
    }
    return [...new Set(asked.flatMap((name) => items.get(name)!))];
  };
}

/** Items that are in both lists; all of the second where there is no first. */
export function amongBoth(items: readonly number[] | undefined, others: readonly number[]): readonly number[] {
  if (items === undefined) return others;
  const among = new Set(others);
  return items.filter((item) => among.has(item));
}
