import type { FeatureTable } from "../data/features.ts";
import { fail } from "../errors.ts";
import { type NamedCategories, namedCategories } from "../retrieval/category-filter.ts";
import type { DataDescription } from "../training/model-folder-data.ts";
import { readItemFeatures } from "./data-options.ts";
import { type Console, silent } from "./io.ts";

/** What people call the items of a log. */
export interface ItemCatalogue {
  readonly categories?: NamedCategories | undefined;
  /** `[items + 1]`; the id where there is no title. */
  readonly titles: readonly string[];
}

export interface CatalogueOptions {
  readonly catalogue?: string | undefined;
  readonly category?: string | undefined;
  readonly title?: string | undefined;
}

/** Reads categories and titles from the file that is named, or else from that of the features that models are trained with. */
export async function readCatalogue(
  { catalogue, category, title }: CatalogueOptions,
  data: DataDescription,
  itemIds: readonly string[],
  known: FeatureTable | undefined,
  console: Console,
): Promise<ItemCatalogue> {
  const path = catalogue ?? data.itemFeatures;
  if (path === undefined) {
    if ((category ?? title) !== undefined) fail("--category and --title: name the file that has them with --catalogue");
    return { categories: namedCategories(known), titles: itemIds };
  }
  const table =
    catalogue === undefined
      ? known
      : await readItemFeatures(
          { ...data, itemFeatures: path, itemFeaturesColumns: category === undefined ? undefined : [category] },
          itemIds,
          console,
        );
  const titles = title === undefined ? itemIds : await readTitles(path, title, data, itemIds, console);
  return { categories: namedCategories(table, category), titles };
}

async function readTitles(
  path: string,
  column: string,
  data: DataDescription,
  itemIds: readonly string[],
  console: Console,
): Promise<string[]> {
  // How many titles there are is no news.
  const options = { ...data, itemFeatures: path, itemFeaturesColumns: [column], featureSeparator: "" };
  const table = await readItemFeatures(options, itemIds, silent(console));
  return itemIds.map((id, item) => {
    const feature = item === 0 ? 0 : (table?.rows[(item - 1) * table.width] ?? 0);
    return feature === 0 ? id : table!.fields[0]!.values[feature - 1]!;
  });
}
