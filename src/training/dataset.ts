import type { ItemEmbeddings } from "../data/embeddings.ts";
import type { FeatureField, FeatureTable } from "../data/features.ts";
import { countItems, type Sequences } from "../data/sequences.ts";
import type { Split } from "../data/split.ts";

/** What a model trains on and is judged by. */
export interface Dataset {
  readonly split: Split;
  readonly itemCount: number;
  /** How often each item occurs in the training part, `[itemCount + 1]`. */
  readonly itemCounts: Uint32Array;
  /** Features of item i + 1 in row i. */
  readonly itemFeatures?: FeatureTable;
  /** Features of user i in row i. */
  readonly userFeatures?: FeatureTable;
  /** What item embeddings begin with, where a training begins. */
  readonly itemEmbeddings?: ItemEmbeddings;
}

export function createDataset(
  split: Split,
  features: Pick<Dataset, "itemFeatures" | "userFeatures" | "itemEmbeddings"> = {},
): Dataset {
  const { itemCount } = split.train satisfies Sequences;
  return { split, itemCount, itemCounts: countItems(split.train), ...features };
}

/** Names of the profile inputs of a graph, one for each field. */
export const profileInput = (field: FeatureField): string => `profile.${field.name}`;

/** Writes the profiles of a batch of users, field by field; `users` beyond `count` stay without values. */
export function createProfileFeed(table: FeatureTable | undefined, batch: number) {
  const fields = table?.fields ?? [];
  const arrays = fields.map(({ width }) => new Uint32Array(batch * width));
  const named = Object.fromEntries(fields.map((field, i) => [profileInput(field), arrays[i]!]));
  return (users: ArrayLike<number>, count: number): Record<string, Uint32Array> => {
    if (table) writeProfiles(table, users, count, arrays);
    return named;
  };
}

/** Fills an array `[batch, width]` for each field of the users' features. */
export function writeProfiles(
  { fields, rows, width }: FeatureTable,
  users: ArrayLike<number>,
  count: number,
  arrays: readonly Uint32Array[],
): void {
  let offset = 0;
  for (let f = 0; f < fields.length; f++) {
    const size = fields[f]!.width;
    const array = arrays[f]!.fill(0, count * size);
    for (let row = 0; row < count; row++) {
      const from = users[row]! * width + offset;
      for (let place = 0; place < size; place++) array[row * size + place] = rows[from + place]!;
    }
    offset += size;
  }
}
