/** Categorical features of users or items; feature ids run over all fields together. */
export interface FeatureTable {
  readonly fields: readonly FeatureField[];
  readonly rowCount: number;
  /** Places per row: the sum of the fields' widths. */
  readonly width: number;
  /** `[rowCount, width]` feature ids from 1 to `featureCount`; 0 = absent. A field's values stand first in its places. */
  readonly rows: Uint32Array;
  readonly featureCount: number;
}

/** One column of the file. */
export interface FeatureField {
  readonly name: string;
  /** Places per row: the most values that any row has. */
  readonly width: number;
  /** By descending frequency, equally frequent ones in alphabetical order. */
  readonly values: readonly string[];
  /** The id of `values[0]`; the ids of the others follow. */
  readonly firstFeature: number;
}

/** Values of one column for every row; a row that has none has an empty list. */
export interface FeatureColumn {
  readonly name: string;
  readonly values: readonly (readonly string[])[];
}

/** Gives each distinct value of each column an id. All columns have the same number of rows. */
export function encodeFeatures(columns: readonly FeatureColumn[], rowCount: number): FeatureTable {
  let firstFeature = 1;
  const fields = columns.map(({ name, values }): FeatureField => {
    const distinct = valuesByFrequency(values);
    const field = { name, width: widest(values), values: distinct, firstFeature };
    firstFeature += distinct.length;
    return field;
  });
  const width = fields.reduce((sum, field) => sum + field.width, 0);
  const rows = new Uint32Array(rowCount * width);
  let offset = 0;
  fields.forEach((field, index) => {
    const idOf = new Map(field.values.map((value, place) => [value, field.firstFeature + place]));
    columns[index]!.values.forEach((values, row) => {
      for (let place = 0; place < values.length; place++)
        rows[row * width + offset + place] = idOf.get(values[place]!)!;
    });
    offset += field.width;
  });
  return { fields, rowCount, width, rows, featureCount: firstFeature - 1 };
}

/** More distinct values than this make a column an identifier or a text, unless it is asked for. */
const mostValues = 10_000;

/** Fewer distinct values than this are categories even if no two rows share one. */
const fewValues = 20;

/** Why a column is no category, or nothing: it has too many values, or nearly one for each row. */
export function whyNoCategory({ name, values }: FeatureColumn): string | undefined {
  const distinct = valuesByFrequency(values).length;
  const used = values.reduce((count, row) => count + (row.length > 0 ? 1 : 0), 0);
  if (distinct === 0) return `column ${name} is left out: it is empty`;
  if (distinct > mostValues || (distinct > fewValues && distinct > used / 2)) {
    return `column ${name} is left out: ${distinct} different values in ${used} rows; name it to use it all the same`;
  }
  return undefined;
}

function valuesByFrequency(values: readonly (readonly string[])[]): string[] {
  const counts = new Map<string, number>();
  for (const row of values) for (const value of row) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([value]) => value);
}

function widest(values: readonly (readonly string[])[]): number {
  return values.reduce((width, row) => Math.max(width, row.length), 0);
}
