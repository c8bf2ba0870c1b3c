import type { FeatureTable } from "../data/features.ts";
import { fail } from "../errors.ts";

/** The categories of each item: one or several, or none that are known. */
export interface ItemCategories {
  /** Most categories that an item has. */
  readonly width: number;
  /** `[items + 1, width]` ids from 1 to `count`, 0 for none; row 0 is padding. */
  readonly values: Uint32Array;
  readonly count: number;
}

/** One column of the items' features as their categories; by default the first. Row i of the table is item i + 1. */
export function categoriesOf(table: FeatureTable, column = table.fields[0]?.name): ItemCategories {
  const index = table.fields.findIndex(({ name }) => name === column);
  const field =
    table.fields[index] ??
    fail(`no feature column "${column}"; the columns are ${table.fields.map(({ name }) => name).join(", ")}`);
  const offset = table.fields.slice(0, index).reduce((sum, { width }) => sum + width, 0);
  const { width, firstFeature } = field;
  const values = new Uint32Array((table.rowCount + 1) * width);
  for (let row = 0; row < table.rowCount; row++) {
    for (let place = 0; place < width; place++) {
      const feature = table.rows[row * table.width + offset + place]!;
      if (feature > 0) values[(row + 1) * width + place] = feature - firstFeature + 1;
    }
  }
  return { width, values, count: field.values.length };
}
